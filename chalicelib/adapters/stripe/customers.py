"""The part of the gateway that reads and writes Stripe's customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.stripe.client import Missing, StripeCalls, StripeResponse, on_account, parse
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.adapters.stripe.event_subjects import CUSTOMER_KEY, ORGANIZATION_KEY
from chalicelib.adapters.stripe.lists import PAGE_SIZE, ListPage
from chalicelib.adapters.stripe.objects import Customer as StripeCustomer
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import ADDRESS, Field, Values, as_sent_to_stripe
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.identifiers import StripeAccountId

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams, CustomerCreateParamsAddress, CustomerModifyParams


class Customers(StripeCalls):
    """A part of `StripeGateway`."""

    @translates_errors
    def find_customers(self, account_id: StripeAccountId, email: str) -> Sequence[CustomerFact]:
        query = {"email": email, "limit": PAGE_SIZE}
        return _facts(self._call(self._v1.customers.list, query, on_account(account_id)))

    @translates_errors
    def search_customers(self, account_id: StripeAccountId, email: str) -> Sequence[CustomerFact]:
        quoted_email = email.replace("\\", "\\\\").replace("'", "\\'")
        query = {"query": f"email:'{quoted_email}'", "limit": PAGE_SIZE}
        return _facts(self._call(self._v1.customers.search, query, on_account(account_id)))

    @translates_errors
    def create_customer(self, account_id: StripeAccountId, customer: Customer, key: str) -> CustomerFact:
        parameters = customer_parameters(customer)
        response = self._call(self._v1.customers.create, parameters, on_account(account_id, key))
        stripe_customer = response.parse(StripeCustomer)
        return stripe_customer.fact(stripe_customer.created if response.replayed else response.as_of)

    @translates_errors
    def update_customer(
        self, account_id: StripeAccountId, stripe_customer_id: str, customer: Customer, changes: Values
    ) -> CustomerFact:
        parameters = customer_changes(customer, changes)
        response = self._call_unless_missing(
            self._v1.customers.update, stripe_customer_id, parameters, on_account(account_id)
        )
        if isinstance(response, Missing):
            return CustomerFact(stripe_customer_id, as_of=0, email=None, deleted=True)
        return response.parse(StripeCustomer).fact(response.as_of)

    @translates_errors
    def customer(self, account_id: StripeAccountId, stripe_customer_id: str) -> CustomerFact:
        response = self._call(self._v1.customers.retrieve, stripe_customer_id, None, on_account(account_id))
        return response.parse(StripeCustomer).fact(response.as_of)

    @translates_errors
    def delete_customer(self, account_id: StripeAccountId, stripe_customer_id: str) -> None:
        self._call_unless_missing(self._v1.customers.delete, stripe_customer_id, None, on_account(account_id))


def _facts(response: StripeResponse) -> Sequence[CustomerFact]:
    return [parse(raw, StripeCustomer).fact(response.as_of) for raw in response.parse(ListPage).data]


def customer_parameters(customer: Customer) -> CustomerCreateParams:
    """Returns the parameters of a new customer.

    They include our id, by which the Stripe customer can be found again.
    """
    values = {field: as_sent_to_stripe(field, value) for field, value in customer.profile.values.items()}
    parameters: CustomerCreateParams = {"metadata": _ours(customer)}
    if email := values[Field.EMAIL]:
        parameters["email"] = email
    if name := values[Field.NAME]:
        parameters["name"] = name
    if phone := values[Field.PHONE]:
        parameters["phone"] = phone
    if any(values[part] for part in ADDRESS):
        parameters["address"] = _address(values)
    return parameters


def customer_changes(customer: Customer, changes: Values) -> CustomerModifyParams:
    """Returns parameters that change these fields and set POM's ids.

    None clears a field. An address is sent whole.
    """
    parameters: CustomerModifyParams = {"metadata": _ours(customer)}
    if Field.EMAIL in changes:
        parameters["email"] = changes[Field.EMAIL] or ""
    if Field.NAME in changes:
        parameters["name"] = changes[Field.NAME] or ""
    if Field.PHONE in changes:
        parameters["phone"] = changes[Field.PHONE] or ""
    if any(part in changes for part in ADDRESS):
        parameters["address"] = _address(changes) if any(changes[part] for part in ADDRESS) else ""
    return parameters


def _ours(customer: Customer) -> dict[str, str]:
    return {ORGANIZATION_KEY: customer.organization_id, CUSTOMER_KEY: customer.id}


def _address(values: Values) -> CustomerCreateParamsAddress:
    return {
        "line1": values[Field.STREET] or "",
        "line2": values[Field.STREET2] or "",
        "city": values[Field.CITY] or "",
        "state": values[Field.STATE] or "",
        "postal_code": values[Field.ZIP_CODE] or "",
        "country": values[Field.COUNTRY] or "",
    }

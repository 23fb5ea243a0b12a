"""The part of the gateway that reads and writes Stripe's customers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chalicelib.adapters.stripe.client import Answer, Asking, on_account, read, translated
from chalicelib.adapters.stripe.objects import Customer as StripeCustomer
from chalicelib.adapters.stripe.parameters import customer_changes, customer_parameters
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Values
from chalicelib.domain.facts import CustomerFact
from chalicelib.domain.identifiers import StripeAccountId

PAGE = 100


class Found(msgspec.Struct):
    """A page of a list or a search (https://docs.stripe.com/api/pagination)."""

    data: list[msgspec.Raw]


class Customers(Asking):
    """A part of `StripeGateway`."""

    @translated
    def find_customers(self, account_id: StripeAccountId, email: str) -> Sequence[CustomerFact]:
        query = {"email": email, "limit": PAGE}
        return _facts(self._ask(self._v1.customers.list, query, on_account(account_id)))

    @translated
    def search_customers(self, account_id: StripeAccountId, email: str) -> Sequence[CustomerFact]:
        quoted = email.replace("\\", "\\\\").replace("'", "\\'")
        query = {"query": f"email:'{quoted}'", "limit": PAGE}
        return _facts(self._ask(self._v1.customers.search, query, on_account(account_id)))

    @translated
    def create_customer(self, account_id: StripeAccountId, customer: Customer, key: str) -> CustomerFact:
        parameters = customer_parameters(customer)
        answer = self._ask(self._v1.customers.create, parameters, on_account(account_id, key))
        created = answer.read(StripeCustomer)
        return created.fact(created.created if answer.replayed else answer.as_of)

    @translated
    def update_customer(
        self, account_id: StripeAccountId, stripe_customer_id: str, customer: Customer, changes: Values
    ) -> CustomerFact:
        parameters = customer_changes(customer, changes)
        answer = self._ask_unless_gone(
            self._v1.customers.update, stripe_customer_id, parameters, on_account(account_id)
        )
        if answer is None:
            return CustomerFact(stripe_customer_id, as_of=0, email=None, deleted=True)
        return answer.read(StripeCustomer).fact(answer.as_of)

    @translated
    def customer(self, account_id: StripeAccountId, stripe_customer_id: str) -> CustomerFact:
        answer = self._ask(self._v1.customers.retrieve, stripe_customer_id, None, on_account(account_id))
        return answer.read(StripeCustomer).fact(answer.as_of)


def _facts(answer: Answer) -> Sequence[CustomerFact]:
    return [read(raw, StripeCustomer).fact(answer.as_of) for raw in answer.read(Found).data]

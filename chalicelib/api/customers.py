"""POM's customers."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import CHANGES_A_RECORD
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.acts import CustomerHistory, customer_history
from chalicelib.api.models.combinations import combination_list
from chalicelib.api.models.customer_query import COMBINATIONS, CustomerQuery, filter_from
from chalicelib.api.models.customers import (
    CustomerDetail,
    CustomerList,
    customer_detail,
    customer_list,
)
from chalicelib.api.models.queries import Nothing, PageQuery
from chalicelib.api.models.saved_customers import SaveCustomer, save_from
from chalicelib.domain.customer import Customer
from chalicelib.domain.error_collector import ErrorCollector
from chalicelib.domain.identifiers import CustomerId, require_customer_id
from chalicelib.usecases.acts.histories import history_of_customer
from chalicelib.usecases.customers import customers

router = Router(__name__, "Customers")


def _customer_reply(customer: Customer) -> Reply:
    """Returns the customer as `GET` returns it, with its links to the connected account and its ETag."""
    current = customers.on_connected_account(customer, bootstrap.ports())
    return Reply(customer_detail(current), edit_tag=customer.edit_tag)


@router.route(
    "PUT",
    "/customers/{customerId}",
    Role.BILLING,
    takes=SaveCustomer,
    responses={200: CustomerDetail},
    refuses=(
        "customer_erased",
        "customer_id_reserved",
        "email_invalid",
        "organization_erased",
        "secrets_unavailable",
        "stripe_account_unreachable",
        "stripe_customer_taken",
        "stripe_customer_unknown",
        "stripe_refused",
        *CHANGES_A_RECORD,
    ),
    reply_of_stored=_customer_reply,
)
def put_customer(call: Call[SaveCustomer]) -> Reply:
    """Create or replace a customer, and sync it to Stripe.

    Stripe receives the customer a moment later; `syncStatus` says whether it has. `needs_choice` means that several
    Stripe customers have this e-mail address: repeat the request with the right one as `stripeCustomerId`. The
    response of `GET` can be sent back as it is and changes nothing. To confirm the Stripe customer that it names, add
    `choose: true`.

    If the chosen Stripe customer does not exist or belongs to another customer, `syncStatus` is `failed`, and the
    former link stays in force. Repeat the request with another `stripeCustomerId`, or without it.

    `null` removes a value, in Stripe too. A field that is left out loses the value that POM gave it. A value that was
    taken over from Stripe stays.
    """
    customer_id = CustomerId(call.path["customerId"])
    errors = ErrorCollector()
    with errors:
        save = save_from(call.input)
    with errors:
        require_customer_id(customer_id)
    errors.raise_first()
    ports, condition, caller = bootstrap.ports(), call.precondition, call.caller
    organization_id, by = caller.organization_id, caller.user_id
    return _customer_reply(customers.put_customer(organization_id, customer_id, save, ports, condition, by=by))


@router.route(
    "GET",
    "/customers/{customerId}",
    Role.BILLING,
    takes=Nothing,
    responses={200: CustomerDetail},
    refuses=("customer_erased", "customer_not_found"),
)
def get_customer(call: Call[Nothing]) -> Reply:
    """Retrieve a customer."""
    customer_id = CustomerId(call.path["customerId"])
    return _customer_reply(customers.get_customer(call.caller.organization_id, customer_id, bootstrap.ports()))


@router.route(
    "POST",
    "/customers/{customerId}/sync",
    Role.BILLING,
    takes=Nothing,
    responses={202: CustomerDetail},
    refuses=("customer_erased", "customer_not_found", "stripe_not_connected", *CHANGES_A_RECORD),
)
def sync_customer(call: Call[Nothing]) -> Reply:
    """Sync a customer to Stripe again, after an error or a change in Stripe.

    `syncStatus` is `pending` until the sync is done. Load the customer again to read the result.
    """
    customer_id = CustomerId(call.path["customerId"])
    ports, caller = bootstrap.ports(), call.caller
    customer = customers.sync_again(caller.organization_id, customer_id, ports, by=caller.user_id)
    return Reply(customer_detail(customers.on_connected_account(customer, ports)), 202)


@router.route(
    "GET",
    "/customers/{customerId}/history",
    Role.BILLING,
    takes=PageQuery,
    responses={200: CustomerHistory},
    refuses=("customer_not_found",),
)
def list_customer_acts(call: Call[PageQuery]) -> Reply:
    """List who saved, synced, imported, exported or erased a customer in POM, newest first.

    Entries name fields, never their values. They are stored without end, also those of an erased customer. What
    happened between POM and Stripe is in the customer's own `history`.
    """
    ports, query, customer_id = bootstrap.ports(), call.input, CustomerId(call.path["customerId"])
    page = history_of_customer(call.caller.organization_id, customer_id, query.first, query.after, ports)
    return Reply(customer_history(page))


@router.route(
    "GET",
    "/customers",
    Role.BILLING,
    takes=CustomerQuery,
    responses={200: CustomerList},
    refuses=("filters_not_offered",),
    details=combination_list(COMBINATIONS),
)
def list_customers(call: Call[CustomerQuery]) -> Reply:
    """List customers.

    Filters are offered one at a time, each with one order. Other combinations are refused with `filters_not_offered`.
    """
    query = call.input
    customer_filter = filter_from(query)
    page = customers.list_customers(
        call.caller.organization_id, customer_filter, query.first, query.after, bootstrap.ports()
    )
    return Reply(customer_list(page))

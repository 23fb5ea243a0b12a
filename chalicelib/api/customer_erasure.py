"""The erasure of a customer."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import CHANGES_A_RECORD
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.customer_erasure import ErasureQuery, ErasureView, erasure_view
from chalicelib.api.models.queries import Nothing
from chalicelib.domain.erasure import ErasureStatus
from chalicelib.domain.identifiers import CustomerId
from chalicelib.usecases.erasing.request_erasure import request_erasure
from chalicelib.usecases.erasing.show_erasure import show_erasure

router = Router(__name__, "Customers")

BLOCKS_ERASURE = (
    "customer_has_open_dispute",
    "customer_has_open_invoice",
    "customer_has_payment_under_way",
    "customer_has_refund_under_way",
    "customer_in_batch",
)
"""The error codes of what has to be settled before a customer can be erased."""


@router.route(
    "DELETE",
    "/customers/{customerId}",
    Role.ADMIN,
    takes=ErasureQuery,
    responses={200: ErasureView, 202: ErasureView},
    refuses=("customer_not_found", "erasure_choice_made", "stripe_not_connected", *BLOCKS_ERASURE, *CHANGES_A_RECORD),
)
def erase_customer(call: Call[ErasureQuery]) -> Reply:
    """Erase the person behind a customer, for good.

    Everything that says who the customer is goes: names, addresses, phone, memos, the texts of lines, links, cards'
    last digits, and what Stripe's events said. Amounts, dates, numbers, ids and the users of POM who acted stay,
    because the company's books need them. `customer.erased` is told, so that whoever follows the changes erases, too.

    Refused while something is not settled. `details` has an error for each of these things: an invoice that is a
    draft or still to be paid, a payment or a refund under way, a dispute that the bank has not decided, and a batch
    that bills or imports the customer. `invoiceId` says which invoice it is. Void it, or settle it, and ask again.
    What is open on a Stripe account that the company has replaced by another one is no reason.

    202 means that the customer is closed from now on: nobody can save, bill, import or sync it (`customer_erased`),
    and no list shows it. POM begins ten minutes later, and looks again after a day; `GET …/erasure` shows how far it
    is. If something unsettled comes up meanwhile, the erasure waits for it: see `waitsFor`. It cannot be taken back.

    The request can be repeated, and then answers the erasure that there is; 200 means that it is finished. Another
    `inStripe` than the first is refused (`erasure_choice_made`). A Stripe customer that was kept can be deleted in
    the Stripe dashboard.

    `inStripe` has no default, because nothing brings a deleted Stripe customer back. Stripe keeps past invoices and
    payments of a deleted customer. To take the person out of these as well, the company redacts them in Stripe
    (https://docs.stripe.com/privacy/redaction). Let it do that last: a redacted payment cannot be refunded, and its
    disputes are lost.
    """
    caller, customer_id = call.caller, CustomerId(call.path["customerId"])
    customer = request_erasure(
        caller.organization_id, customer_id, call.input.in_stripe, caller.user_id, bootstrap.ports()
    )
    view = erasure_view(customer)
    return Reply(view, 200 if view.status is ErasureStatus.ERASED else 202)


@router.route(
    "GET",
    "/customers/{customerId}/erasure",
    Role.ADMIN,
    takes=Nothing,
    responses={200: ErasureView},
    refuses=("customer_not_found", "erasure_not_found"),
)
def get_erasure(call: Call[Nothing]) -> Reply:
    """Show how far the erasure of a customer is, what it waits for, and what it does not reach.

    `outOfReach` lists the copies that POM cannot change, such as backups, and by when each of them is gone.
    `inStripe` says what becomes of the Stripe customer, and what the company does in Stripe itself.
    """
    customer_id = CustomerId(call.path["customerId"])
    return Reply(erasure_view(show_erasure(call.caller.organization_id, customer_id, bootstrap.ports())))

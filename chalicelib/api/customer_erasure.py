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
"""The error codes of everything that must be settled before a customer can be erased."""


@router.route(
    "DELETE",
    "/customers/{customerId}",
    Role.ADMIN,
    takes=ErasureQuery,
    responses={200: ErasureView, 202: ErasureView},
    refuses=("customer_not_found", "erasure_choice_made", "stripe_not_connected", *BLOCKS_ERASURE, *CHANGES_A_RECORD),
)
def erase_customer(call: Call[ErasureQuery]) -> Reply:
    """Erase the person behind a customer, permanently.

    All personal data goes: names, addresses, phone, memos, the texts of lines, links, the last digits of cards, and
    the contents of Stripe's events. Amounts, dates, numbers, ids and the POM users who acted stay, because the
    company's books need them. The change `customer.erased` is published, so that its consumers erase the person, too.

    The request is refused while something is unsettled. `details` has an error for each unsettled object: an invoice
    that is a draft or still to be paid, a payment or a refund under way, a dispute that the bank has not decided, and
    a batch that bills or imports the customer. `invoiceId` names the invoice. Void or settle the invoice, and repeat
    the request. Open objects on a Stripe account that the company has replaced do not block the erasure.

    202 means that the customer is closed from now on. Requests to save, bill, import or sync it are refused with
    `customer_erased`, and no list shows it. POM begins to erase ten minutes later and checks again after a day; `GET
    …/erasure` shows the progress. If something becomes unsettled in between, the erasure waits for it (`waitsFor`).
    An erasure cannot be undone.

    The request can be repeated, and then returns the existing erasure. 200 means that the erasure is finished. A
    different `inStripe` than in the first request is refused with `erasure_choice_made`. A Stripe customer that was
    retained can be deleted in the Stripe dashboard.

    `inStripe` has no default, because a deleted Stripe customer cannot be restored. Stripe retains past invoices and
    payments of a deleted customer. To remove the person from these as well, the company redacts them in Stripe
    (https://docs.stripe.com/privacy/redaction). Redact last: a redacted payment cannot be refunded, and its disputes
    are lost.
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
    """Retrieve the progress of the erasure of a customer: what it waits for, and what it does not reach.

    `outOfReach` lists the copies that POM cannot change, such as backups, and the time by which each of them is gone.
    `inStripe` says what happens to the Stripe customer, and what the company must do in Stripe itself.
    """
    customer_id = CustomerId(call.path["customerId"])
    return Reply(erasure_view(show_erasure(call.caller.organization_id, customer_id, bootstrap.ports())))

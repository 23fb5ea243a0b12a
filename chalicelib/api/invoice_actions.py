"""The actions on one invoice: send, void, correct, refresh, remind, and record a payment outside Stripe."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import CHANGES_AN_INVOICE, SENDS_AN_INVOICE, SYNCS_THE_CUSTOMER
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.invoice_replies import INVOICE_PATH, invoice_id_in, invoice_reply
from chalicelib.api.models.corrections import Correction
from chalicelib.api.models.invoices import InvoiceView
from chalicelib.api.models.outside_payment import OutsidePayment, settlement_from
from chalicelib.api.models.queries import Nothing
from chalicelib.usecases.invoicing import invoices
from chalicelib.usecases.invoicing.correct_invoice import correct_invoice as make_correction
from chalicelib.usecases.invoicing.remind import remind
from chalicelib.usecases.invoicing.settle_outside import mark_paid
from chalicelib.usecases.invoicing.void_invoice import void_invoice as make_void

router = Router(__name__, "Invoices")


@router.route(
    "POST",
    f"{INVOICE_PATH}/send",
    Role.BILLING,
    takes=Nothing,
    responses={200: InvoiceView, 202: InvoiceView},
    refuses=("invoice_not_sendable", "payment_under_way", *SENDS_AN_INVOICE, *CHANGES_AN_INVOICE),
)
def send_invoice(call: Call[Nothing]) -> Reply:
    """Send a draft that has been reviewed. An invoice that was sent already is returned unchanged.

    POM first checks in Stripe that the draft is still as POM has shown it. If its total is not the total that POM
    ordered, the request is refused with `total_differs`. After another change, it is refused with
    `changed_in_stripe`.
    """
    ports = bootstrap.ports()
    invoice = invoices.send_invoice(call.caller.organization_id, invoice_id_in(call), call.caller.user_id, ports)
    return invoice_reply(invoice, ports)


@router.route(
    "POST",
    f"{INVOICE_PATH}/void",
    Role.BILLING,
    takes=Nothing,
    responses={200: InvoiceView, 202: InvoiceView},
    refuses=("draft_deleted", "invoice_not_voidable", "payment_under_way", *CHANGES_AN_INVOICE),
)
def void_invoice(call: Call[Nothing]) -> Reply:
    """Void an invoice, or delete it while it is a draft. Its services can be billed again."""
    ports = bootstrap.ports()
    invoice = make_void(call.caller.organization_id, invoice_id_in(call), call.caller.user_id, ports)
    return invoice_reply(invoice, ports)


@router.route(
    "POST",
    f"{INVOICE_PATH}/correct",
    Role.BILLING,
    takes=Correction,
    responses={201: InvoiceView, 202: InvoiceView},
    refuses=(
        "confirmation_missing",
        "draft_deleted",
        "due_date_in_past",
        "invoice_not_correctable",
        "invoice_not_issued",
        "invoice_not_voidable",
        "invoicing_frozen",
        "payment_under_way",
        "service_already_billed",
        "stripe_account_not_ready",
        "total_differs",
        *SYNCS_THE_CUSTOMER,
        *CHANGES_AN_INVOICE,
    ),
)
def correct_invoice(call: Call[Correction]) -> Reply:
    """Void an invoice that was issued and not paid, and create a draft copy that can be changed and sent.

    Returns the copy; a repeated request returns the same copy. The copy has what POM ordered. If its due date has
    passed, it has the payment terms of the settings instead. The customer is not informed until the copy is sent.
    While Stripe does not let the account take payments, the request is refused, because the copy could not be sent.
    """
    ports = bootstrap.ports()
    organization_id, user_id, confirmed = call.caller.organization_id, call.caller.user_id, call.input.confirmed
    copy = make_correction(organization_id, invoice_id_in(call), user_id, ports, confirmed=confirmed)
    return invoice_reply(copy, ports, finished_status=201)


@router.route(
    "POST",
    f"{INVOICE_PATH}/refresh",
    Role.BILLING,
    takes=Nothing,
    responses={200: InvoiceView, 202: InvoiceView},
    refuses=CHANGES_AN_INVOICE,
)
def refresh_invoice(call: Call[Nothing]) -> Reply:
    """Refresh an invoice from Stripe now."""
    ports = bootstrap.ports()
    invoice = invoices.refresh_invoice(call.caller.organization_id, invoice_id_in(call), call.caller.user_id, ports)
    return invoice_reply(invoice, ports)


@router.route(
    "POST",
    f"{INVOICE_PATH}/remind",
    Role.BILLING,
    takes=Nothing,
    responses={200: InvoiceView},
    refuses=(
        "customer_email_changed",
        "customer_email_missing",
        "customer_erased",
        "draft_of_other_customer",
        "invoice_disputed",
        "invoice_not_open",
        "invoicing_frozen",
        "payment_under_way",
        "reminded_today",
        "sent_today",
        "stripe_account_not_ready",
        *CHANGES_AN_INVOICE,
    ),
)
def remind_invoice(call: Call[Nothing]) -> Reply:
    """Remind the customer: Stripe e-mails the payment link again, once a day at most, and not on the day of sending.

    POM first reads the invoice from Stripe. No reminder is sent for an invoice that is paid or disputed, or whose
    payment is on its way.
    """
    ports = bootstrap.ports()
    return invoice_reply(remind(call.caller.organization_id, invoice_id_in(call), call.caller.user_id, ports), ports)


@router.route(
    "POST",
    f"{INVOICE_PATH}/mark-paid",
    Role.BILLING,
    takes=OutsidePayment,
    responses={200: InvoiceView},
    refuses=(
        "amount_negative",
        "amount_not_what_remains",
        "amount_too_large",
        "amount_too_precise",
        "amount_zero",
        "customer_erased",
        "invoice_already_paid",
        "invoice_not_open",
        "paid_on_in_future",
        "paid_on_too_early",
        "payment_method_unknown",
        "payment_under_way",
        *CHANGES_AN_INVOICE,
    ),
)
def mark_invoice_paid(call: Call[OutsidePayment]) -> Reply:
    """Record a payment that did not go through Stripe, such as cash or a check.

    The payment settles everything that remains to be paid. An invoice that is paid already is refused with
    `invoice_already_paid`, and the message says how it was paid. So if a response was lost, repeat the request: this
    refusal shows that the first request was carried out.
    """
    ports = bootstrap.ports()
    settlement = settlement_from(call.input)
    return invoice_reply(
        mark_paid(call.caller.organization_id, invoice_id_in(call), call.caller.user_id, settlement, ports), ports
    )

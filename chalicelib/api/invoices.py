"""Invoices: make, list, show, and act on one."""

from __future__ import annotations

from typing import Any

from chalicelib import bootstrap, correlation
from chalicelib.api.http.refusals import (
    ASKS_STRIPE,
    CHANGES_A_RECORD,
    CHANGES_AN_INVOICE,
    GIVES_THE_CUSTOMER,
    SENDS_AN_INVOICE,
    TAKES_LINES,
    TAKES_TERMS,
)
from chalicelib.api.http.routing import Router
from chalicelib.api.http.table import Call, Reply, Role
from chalicelib.api.models.combinations import described
from chalicelib.api.models.corrections import Correction
from chalicelib.api.models.event_log import InvoiceEvents, events_view
from chalicelib.api.models.history import InvoiceHistory, history_view
from chalicelib.api.models.invoice_details import InvoiceDetail, invoice_detail
from chalicelib.api.models.invoice_lists import InvoiceList, invoice_list
from chalicelib.api.models.invoice_query import COMBINATIONS, InvoiceQuery, filter_from, only
from chalicelib.api.models.invoices import InvoiceView, invoice_view
from chalicelib.api.models.new_invoices import DraftOrder, NewInvoice, create_invoice_from, edit_draft_from
from chalicelib.api.models.outside_payment import OutsidePayment, settlement_from
from chalicelib.api.models.queries import Nothing, PageQuery
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.invoicing import invoices
from chalicelib.usecases.invoicing.correct_invoice import correct_invoice as make_correction
from chalicelib.usecases.invoicing.create_invoice import create_invoice as make_invoice
from chalicelib.usecases.invoicing.edit_draft import edit_draft
from chalicelib.usecases.invoicing.invoice_lists import find_by_stripe_id, totals
from chalicelib.usecases.invoicing.invoicing_settings import time_zone_in_force
from chalicelib.usecases.invoicing.records import list_events
from chalicelib.usecases.invoicing.remind import remind
from chalicelib.usecases.invoicing.settle_outside import mark_paid
from chalicelib.usecases.invoicing.successors import beside
from chalicelib.usecases.invoicing.void_invoice import void_invoice as make_void
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice

ONE = "/invoices/{invoiceId}"

router = Router(__name__, "Invoices")


def _invoice_id(call: Call[Any]) -> InvoiceId:
    return InvoiceId(call.path["invoiceId"])


def _customer_name(invoice: Invoice, ports: Ports) -> str | None:
    customer_id = invoice.order.customer_id
    return names_of(invoice.organization_id, [customer_id], ports).get(customer_id)


def _shown(invoice: Invoice, ports: Ports, *, done: int = 200) -> Reply:
    """The invoice as it is; 202 while the work goes on."""
    correlation.note(invoice_id=invoice.id)
    base = bootstrap.config().stripe_dashboard_base
    name = _customer_name(invoice, ports)
    view = invoice_view(invoice, customer_name=name, now=ports.clock.now(), dashboard_base=base)
    return Reply(view, 202 if invoice.saga.running else done, edit_tag=invoice.edit_tag)


def _as_stored(invoice: Invoice) -> Reply:
    return _shown(invoice, bootstrap.ports())


@router.route(
    "POST",
    "/invoices",
    Role.BILLING,
    takes=NewInvoice,
    answers={201: InvoiceView, 202: InvoiceView},
    refuses=(
        "currency_unsupported",
        "customer_id_reserved",
        "customer_not_found",
        "deduction_zero",
        "deductions_too_large",
        "invoice_refused",
        "invoice_type_unknown",
        "lines_missing",
        "lines_too_many",
        "service_already_billed",
        "stripe_not_connected",
        *TAKES_LINES,
        *TAKES_TERMS,
        *SENDS_AN_INVOICE,
        *CHANGES_A_RECORD,
        *ASKS_STRIPE,
    ),
    idempotency_key=True,
)
def create_invoice(call: Call[NewInvoice]) -> Reply:
    """Make an invoice in Stripe and, unless `send` is false, e-mail it to the customer.

    With an `Idempotency-Key` the request can be repeated safely: the same key and body answer the same invoice.
    202 says that Stripe is slow and the work goes on without you; the invoice is `creating` until it is done.
    """
    ports = bootstrap.ports()
    command = create_invoice_from(call.input, call.caller.organization_id, call.caller.user_id, call.idempotency_key)
    return _shown(make_invoice(command, ports), ports, done=201)


@router.route(
    "GET",
    "/invoices",
    Role.MEMBER,
    takes=InvoiceQuery,
    answers={200: InvoiceList},
    refuses=("filters_not_offered", "period_invalid"),
    details=described(COMBINATIONS),
)
def list_invoices(call: Call[InvoiceQuery]) -> Reply:
    """List invoices, with the names of their customers.

    Filters are offered in these combinations, each with its one order. Others are refused with `filters_not_offered`.
    """
    ports = bootstrap.ports()
    organization_id, query = call.caller.organization_id, call.input
    wanted = filter_from(query, time_zone=lambda: time_zone_in_force(organization_id, ports))
    if query.stripe_invoice_id is not None:
        found = find_by_stripe_id(organization_id, query.stripe_invoice_id, ports)
        page, sums = only(found, query.after), None
    else:
        page = invoices.list_invoices(organization_id, wanted, query.first, query.after, ports)
        sums = totals(organization_id, wanted, ports) if query.totals else None
    names = names_of(organization_id, (each.order.customer_id for each in page.items), ports)
    base = bootstrap.config().stripe_dashboard_base
    return Reply(invoice_list(page, names, sums, now=ports.clock.now(), dashboard_base=base))


@router.route("GET", ONE, Role.MEMBER, takes=Nothing, answers={200: InvoiceDetail}, refuses=("invoice_not_found",))
def get_invoice(call: Call[Nothing]) -> Reply:
    """Show an invoice with its payments, their fees and deposits, and its timeline."""
    ports = bootstrap.ports()
    invoice = invoices.get_invoice(call.caller.organization_id, _invoice_id(call), ports)
    deposits = deposits_of_invoice(invoice, ports)
    base = bootstrap.config().stripe_dashboard_base
    name = _customer_name(invoice, ports)
    detail = invoice_detail(
        invoice,
        deposits,
        beside=beside(invoice, ports),
        customer_name=name,
        now=ports.clock.now(),
        dashboard_base=base,
    )
    return Reply(detail, edit_tag=invoice.edit_tag)


@router.route(
    "GET", f"{ONE}/history", Role.MEMBER, takes=Nothing, answers={200: InvoiceHistory}, refuses=("invoice_not_found",)
)
def get_invoice_history(call: Call[Nothing]) -> Reply:
    """Show an invoice's timeline, oldest first: what POM, the payer, the bank and people in Stripe did."""
    invoice = invoices.get_invoice(call.caller.organization_id, _invoice_id(call), bootstrap.ports())
    return Reply(history_view(invoice, dashboard_base=bootstrap.config().stripe_dashboard_base))


@router.route(
    "GET", f"{ONE}/events", Role.MEMBER, takes=PageQuery, answers={200: InvoiceEvents}, refuses=("invoice_not_found",)
)
def list_invoice_events(call: Call[PageQuery]) -> Reply:
    """List Stripe's events about an invoice, the latest arrival first, and what became of each.

    The log keeps an event for 35 days. The timeline does not need it, and is kept for good.
    """
    organization_id, query = call.caller.organization_id, call.input
    invoice, page = list_events(organization_id, _invoice_id(call), query.first, query.after, bootstrap.ports())
    return Reply(events_view(invoice, page, dashboard_base=bootstrap.config().stripe_dashboard_base))


@router.route(
    "PUT",
    ONE,
    Role.BILLING,
    takes=DraftOrder,
    answers={200: InvoiceView, 202: InvoiceView},
    refuses=(
        "changed_in_stripe",
        "deduction_zero",
        "deductions_too_large",
        "draft_deleted",
        "invoice_not_editable",
        "invoicing_frozen",
        "lines_missing",
        "lines_too_many",
        "service_already_billed",
        "total_differs",
        *TAKES_LINES,
        *TAKES_TERMS,
        *CHANGES_AN_INVOICE,
    ),
    shows=_as_stored,
)
def edit_invoice(call: Call[DraftOrder]) -> Reply:
    """Replace what a draft bills, as a whole. An invoice that was issued is refused with `invoice_not_editable`.

    Services that the draft no longer has can be billed elsewhere. What somebody changed on the draft in Stripe's
    dashboard is overwritten. If Stripe refuses, the draft is as it was before. 202 says that Stripe is slow and the
    work goes on without you; the invoice is `creating`, with its former order, until it is done.
    """
    ports = bootstrap.ports()
    command = edit_draft_from(call.input, call.caller.organization_id, call.caller.user_id, _invoice_id(call))
    return _shown(edit_draft(command, ports, call.precondition), ports)


@router.route(
    "POST",
    f"{ONE}/send",
    Role.BILLING,
    takes=Nothing,
    answers={200: InvoiceView, 202: InvoiceView},
    refuses=("invoice_not_sendable", "payment_under_way", *SENDS_AN_INVOICE, *CHANGES_AN_INVOICE),
)
def send_invoice(call: Call[Nothing]) -> Reply:
    """Send a draft that has been reviewed. An invoice that was sent is answered as it is.

    Stripe is asked first whether the draft is still as POM has shown it. If its total is not the one that POM
    ordered, it is refused with `total_differs`, and after another change with `changed_in_stripe`.
    """
    ports = bootstrap.ports()
    invoice = invoices.send_invoice(call.caller.organization_id, _invoice_id(call), call.caller.user_id, ports)
    return _shown(invoice, ports)


@router.route(
    "POST",
    f"{ONE}/void",
    Role.BILLING,
    takes=Nothing,
    answers={200: InvoiceView, 202: InvoiceView},
    refuses=("draft_deleted", "invoice_not_voidable", "payment_under_way", *CHANGES_AN_INVOICE),
)
def void_invoice(call: Call[Nothing]) -> Reply:
    """Void an invoice, or delete it while it is a draft. Its services can be billed again."""
    ports = bootstrap.ports()
    invoice = make_void(call.caller.organization_id, _invoice_id(call), call.caller.user_id, ports)
    return _shown(invoice, ports)


@router.route(
    "POST",
    f"{ONE}/correct",
    Role.BILLING,
    takes=Correction,
    answers={201: InvoiceView, 202: InvoiceView},
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
        *GIVES_THE_CUSTOMER,
        *CHANGES_AN_INVOICE,
    ),
)
def correct_invoice(call: Call[Correction]) -> Reply:
    """Void an invoice that was issued and not paid, and make a draft copy of it, which can be changed and sent.

    The answer is the copy; a repeated request answers the same one. It has what POM ordered. If its due date has
    passed, it has the payment terms of the settings. The customer is told nothing until the copy is sent. While
    Stripe does not let the account take payments, it is refused, because the copy could not be sent.
    """
    ports = bootstrap.ports()
    organization_id, user_id, confirmed = call.caller.organization_id, call.caller.user_id, call.input.confirmed
    copy = make_correction(organization_id, _invoice_id(call), user_id, ports, confirmed=confirmed)
    return _shown(copy, ports, done=201)


@router.route(
    "POST",
    f"{ONE}/refresh",
    Role.BILLING,
    takes=Nothing,
    answers={200: InvoiceView, 202: InvoiceView},
    refuses=CHANGES_AN_INVOICE,
)
def refresh_invoice(call: Call[Nothing]) -> Reply:
    """Read the invoice from Stripe now."""
    ports = bootstrap.ports()
    invoice = invoices.refresh_invoice(call.caller.organization_id, _invoice_id(call), call.caller.user_id, ports)
    return _shown(invoice, ports)


@router.route(
    "POST",
    f"{ONE}/remind",
    Role.BILLING,
    takes=Nothing,
    answers={200: InvoiceView},
    refuses=(
        "customer_email_changed",
        "customer_email_missing",
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
    """Have Stripe e-mail the payment link again, at most once a day, and not on the day it was sent.

    Stripe is asked first where the invoice stands; nobody is reminded of what is paid, disputed or on its way.
    """
    ports = bootstrap.ports()
    return _shown(remind(call.caller.organization_id, _invoice_id(call), call.caller.user_id, ports), ports)


@router.route(
    "POST",
    f"{ONE}/mark-paid",
    Role.BILLING,
    takes=OutsidePayment,
    answers={200: InvoiceView},
    refuses=(
        "amount_negative",
        "amount_not_what_remains",
        "amount_too_large",
        "amount_too_precise",
        "amount_zero",
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

    It settles the whole rest of the invoice. An invoice that is paid already is refused with `invoice_already_paid`,
    and the message says how it was paid. So after a lost answer, a repeated request tells that the first one was
    carried out.
    """
    ports = bootstrap.ports()
    settlement = settlement_from(call.input)
    return _shown(
        mark_paid(call.caller.organization_id, _invoice_id(call), call.caller.user_id, settlement, ports), ports
    )

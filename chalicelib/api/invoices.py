"""Invoices: create, list and retrieve them, and edit a draft."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import (
    CALLS_STRIPE,
    CHANGES_A_RECORD,
    CHANGES_AN_INVOICE,
    SENDS_AN_INVOICE,
    TAKES_LINES,
    TAKES_TERMS,
)
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.invoice_replies import (
    INVOICE_PATH,
    customer_name,
    invoice_id_in,
    invoice_reply,
    stored_invoice_reply,
)
from chalicelib.api.models.combinations import combination_list
from chalicelib.api.models.event_log import InvoiceEvents, events_view
from chalicelib.api.models.history import InvoiceHistory, history_view
from chalicelib.api.models.invoice_details import InvoiceDetail, invoice_detail
from chalicelib.api.models.invoice_lists import InvoiceList, invoice_list
from chalicelib.api.models.invoice_query import COMBINATIONS, InvoiceQuery, filter_from, single_invoice_page
from chalicelib.api.models.invoices import InvoiceView
from chalicelib.api.models.new_invoices import DraftOrder, NewInvoice, create_invoice_from, edit_draft_from
from chalicelib.api.models.queries import Nothing, PageQuery
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.invoicing import invoice_lists, invoices
from chalicelib.usecases.invoicing.create_invoice import create_invoice as make_invoice
from chalicelib.usecases.invoicing.edit_draft import edit_draft
from chalicelib.usecases.invoicing.invoice_lists import find_by_stripe_id, totals
from chalicelib.usecases.invoicing.invoicing_settings import time_zone_in_force
from chalicelib.usecases.invoicing.records import list_events
from chalicelib.usecases.invoicing.successors import beside
from chalicelib.usecases.payouts.show_deposits import deposits_of_invoice

router = Router(__name__, "Invoices")


@router.route(
    "POST",
    "/invoices",
    Role.BILLING,
    takes=NewInvoice,
    responses={201: InvoiceView, 202: InvoiceView},
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
        *CALLS_STRIPE,
    ),
    idempotency_key=True,
)
def create_invoice(call: Call[NewInvoice]) -> Reply:
    """Create an invoice in Stripe and, unless `send` is false, e-mail it to the customer.

    With an `Idempotency-Key` the request can be repeated safely: the same key and body return the same invoice. 202
    means that Stripe is slow and that POM continues the work in the background. The invoice is `creating` until the
    work is done.
    """
    ports = bootstrap.ports()
    command = create_invoice_from(call.input, call.caller.organization_id, call.caller.user_id, call.idempotency_key)
    return invoice_reply(make_invoice(command, ports), ports, finished_status=201)


@router.route(
    "GET",
    "/invoices",
    Role.MEMBER,
    takes=InvoiceQuery,
    responses={200: InvoiceList},
    refuses=("filters_not_offered", "period_invalid"),
    details=combination_list(COMBINATIONS),
)
def list_invoices(call: Call[InvoiceQuery]) -> Reply:
    """List invoices, with the names of their customers.

    Filters are offered in these combinations, each with one order. Others are refused with `filters_not_offered`.
    """
    ports = bootstrap.ports()
    organization_id, query = call.caller.organization_id, call.input
    invoice_filter = filter_from(query, time_zone=lambda: time_zone_in_force(organization_id, ports))
    if query.stripe_invoice_id is not None:
        invoice = find_by_stripe_id(organization_id, query.stripe_invoice_id, ports)
        page, sums = single_invoice_page(invoice, query.after), None
    else:
        page = invoice_lists.list_invoices(organization_id, invoice_filter, query.first, query.after, ports)
        sums = totals(organization_id, invoice_filter, ports) if query.totals else None
    names = names_of(organization_id, (each.order.customer_id for each in page.items), ports)
    base = bootstrap.config().stripe_dashboard_base
    return Reply(invoice_list(page, names, sums, now=ports.clock.now(), dashboard_base=base))


@router.route(
    "GET", INVOICE_PATH, Role.MEMBER, takes=Nothing, responses={200: InvoiceDetail}, refuses=("invoice_not_found",)
)
def get_invoice(call: Call[Nothing]) -> Reply:
    """Retrieve an invoice with its payments, their fees and deposits, and its timeline."""
    ports = bootstrap.ports()
    invoice = invoices.get_invoice(call.caller.organization_id, invoice_id_in(call), ports)
    deposits = deposits_of_invoice(invoice, ports)
    base = bootstrap.config().stripe_dashboard_base
    name = customer_name(invoice, ports)
    detail = invoice_detail(
        invoice,
        deposits,
        related_invoices=beside(invoice, ports),
        customer_name=name,
        now=ports.clock.now(),
        dashboard_base=base,
    )
    return Reply(detail, edit_tag=invoice.edit_tag)


@router.route(
    "GET",
    f"{INVOICE_PATH}/history",
    Role.MEMBER,
    takes=Nothing,
    responses={200: InvoiceHistory},
    refuses=("invoice_not_found",),
)
def get_invoice_history(call: Call[Nothing]) -> Reply:
    """Retrieve an invoice's timeline, oldest first: what POM, the payer, the bank and people in Stripe did."""
    invoice = invoices.get_invoice(call.caller.organization_id, invoice_id_in(call), bootstrap.ports())
    return Reply(history_view(invoice, dashboard_base=bootstrap.config().stripe_dashboard_base))


@router.route(
    "GET",
    f"{INVOICE_PATH}/events",
    Role.MEMBER,
    takes=PageQuery,
    responses={200: InvoiceEvents},
    refuses=("invoice_not_found",),
)
def list_invoice_events(call: Call[PageQuery]) -> Reply:
    """List Stripe's events about an invoice, the latest arrival first, and the outcome of each.

    An event is listed for 35 days. The timeline does not depend on this list and is stored without end.
    """
    organization_id, query = call.caller.organization_id, call.input
    invoice, page = list_events(organization_id, invoice_id_in(call), query.first, query.after, bootstrap.ports())
    return Reply(events_view(invoice, page, dashboard_base=bootstrap.config().stripe_dashboard_base))


@router.route(
    "PUT",
    INVOICE_PATH,
    Role.BILLING,
    takes=DraftOrder,
    responses={200: InvoiceView, 202: InvoiceView},
    refuses=(
        "changed_in_stripe",
        "customer_erased",
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
    reply_of_stored=stored_invoice_reply,
)
def edit_invoice(call: Call[DraftOrder]) -> Reply:
    """Replace what a draft bills, as a whole. An invoice that was issued is refused with `invoice_not_editable`.

    Services that the draft no longer has can be billed elsewhere. Changes that were made to the draft in Stripe's
    dashboard are overwritten. If Stripe refuses, the draft stays as it was. 202 means that Stripe is slow and that
    POM continues the work in the background. The invoice is `creating`, with its former order, until the work is
    done.
    """
    ports = bootstrap.ports()
    command = edit_draft_from(call.input, call.caller.organization_id, call.caller.user_id, invoice_id_in(call))
    return invoice_reply(edit_draft(command, ports, call.precondition), ports)

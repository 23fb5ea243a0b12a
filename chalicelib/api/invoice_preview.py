"""The preview of a draft, as the payer will see the invoice."""

from __future__ import annotations

from chalicelib import bootstrap, correlation
from chalicelib.api.http.media_types import HTML, prefers_html
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.invoice_preview import InvoicePreview, invoice_preview
from chalicelib.api.models.queries import Nothing
from chalicelib.api.preview_page import CONTENT_SECURITY_POLICY, preview_page
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.usecases.invoicing.preview import preview_invoice

router = Router(__name__, "Invoices")


@router.route(
    "GET",
    "/invoices/{invoiceId}/preview",
    Role.MEMBER,
    takes=Nothing,
    responses={200: InvoicePreview},
    refuses=("customer_erased", "invoice_creating", "invoice_not_draft", "invoice_not_found"),
    offers_html=True,
)
def get_invoice_preview(call: Call[Nothing]) -> Reply:
    """Retrieve a preview of a draft, as data or as a page, with what prevents it from being sent.

    With `Accept: text/html` the response is a page that is marked as a draft and can be printed. Only a draft has a
    preview. Use `paymentUrl` and `pdfUrl` of an invoice that was issued.
    """
    invoice_id = InvoiceId(call.path["invoiceId"])
    correlation.note(invoice_id=invoice_id)
    preview = invoice_preview(preview_invoice(call.caller.organization_id, invoice_id, bootstrap.ports()))
    if not prefers_html(call.headers.get("accept")):
        return Reply(preview)
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return Reply(preview_page(preview).encode(), headers=headers, content_type=HTML)

"""A small, valid PDF of an invoice, written by hand: one page, one font, no library."""

from __future__ import annotations

from ..objects.money import format_amount
from ..state.ledger import JSON

_MAX_LINES = 40


def invoice_pdf(inv: JSON, lines: list[JSON]) -> bytes:
    """Returns the invoice as a PDF document."""
    currency = inv["currency"]
    text = [
        str(inv["account_name"] or ""),
        f"Invoice {inv['number']}   Status: {inv['status']}",
        f"Bill to: {inv['customer_name'] or ''} {inv['customer_email'] or ''}",
        "",
        *(f"{x['description'] or 'Item'}   {format_amount(x['amount'], currency)}" for x in lines[:_MAX_LINES]),
        *([f"... and {len(lines) - _MAX_LINES} more lines"] if len(lines) > _MAX_LINES else []),
        "",
        f"Total {format_amount(inv['total'], currency)}",
        f"Amount due {format_amount(inv['amount_remaining'], currency)}",
    ]
    text_operators = "".join(f"({_escape(line)}) Tj T*\n" for line in text)
    stream = f"BT /F1 11 Tf 14 TL 56 780 Td\n{text_operators}ET".encode("latin-1", "replace")
    return _document(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
    )


def _escape(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").replace("\n", " ")


def _document(objects: list[bytes]) -> bytes:
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)

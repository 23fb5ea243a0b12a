"""The preview of a draft as a page: one file without scripts, for the screen and for printing.

The word DRAFT stands in a frame above the invoice and across it, so the mark does not depend on color. Texts may be
in any script, so the browser determines their direction (`dir="auto"`).
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Iterable, Iterator
from decimal import Decimal
from hashlib import sha256
from html import escape
from string import Template

from chalicelib.api.models.invoice_preview import InvoicePreview
from chalicelib.domain.terms import day_in_words

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #4f566b; --line: #c1c9d2; --paper: #fff; --mark: #8a3b00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ee; --soft: #b4bac9; --line: #4a5168; --paper: #14171f; --mark: #ffb27a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 50rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 .25rem; }
p, dl, ul { margin: 0; }
.draft { border: 3px dashed var(--mark); color: var(--mark); padding: .5rem 1rem; margin-bottom: 1.5rem; }
.draft strong { font-size: 1.25rem; letter-spacing: .2em; margin-right: .5em; }
.across { position: fixed; inset: 0; display: flex; align-items: center; justify-content: center; z-index: 1;
  pointer-events: none; font-size: min(20vw, 12rem); font-weight: 700; white-space: nowrap; color: var(--ink);
  opacity: .06; transform: rotate(-28deg); }
.warnings { border: 1px solid var(--line); border-left: .4rem solid var(--mark); padding: .75rem 1rem;
  margin-bottom: 1.5rem; }
.warnings ul { padding-left: 1.2rem; }
.warnings li + li { margin-top: .5rem; }
.soft { color: var(--soft); }
header, .parties { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 1rem 2rem; }
header { margin-bottom: 1.5rem; }
header dl { display: grid; grid-template-columns: auto auto; gap: 0 1rem; }
dt { color: var(--soft); }
dd { margin: 0; }
.parties { margin-bottom: 2rem; }
.parties section { flex: 1 1 14rem; min-width: 0; }
.parties p { text-align: left; }
footer { border-top: 1px solid var(--line); padding-top: .75rem; color: var(--soft); }
.text { white-space: pre-wrap; }
table { width: 100%; border-collapse: collapse; margin-bottom: 2rem; }
tfoot { display: table-row-group; }
th, td { padding: .5rem 0; vertical-align: top; text-align: left; border-bottom: 1px solid var(--line); }
th + th, td + td, tfoot td { text-align: right; padding-left: 1rem; white-space: nowrap; overflow-wrap: normal;
  font-variant-numeric: tabular-nums; }
tfoot th { text-align: right; }
tfoot tr > * { font-weight: 700; font-size: 1.125rem; border-bottom: 0; }
main > section { margin-bottom: 1.5rem; }
@media print {
  :root { --ink: #000; --soft: #333; --line: #999; --paper: #fff; --mark: #000; color-scheme: light; }
  body { max-width: none; padding: 0; }
  tr, .warnings li { break-inside: avoid; }
}
"""

STYLE_SOURCE = f"'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
"""The page's own style, in the form in which a content security policy allows it.

https://www.w3.org/TR/CSP3/#external-hash. A page that opens this one as a blob passes on its own policy, so that
policy has to allow the style too.
"""
CONTENT_SECURITY_POLICY = f"default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'; form-action 'none'"

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Draft of an invoice</title>
<style>$style</style>
</head>
<body>
<p class="draft"><strong>DRAFT</strong> $notice</p>
<div class="across" aria-hidden="true">DRAFT</div>
$warnings
<main>
<header><h1>Invoice</h1><dl>$dates</dl></header>
<div class="parties">
<section><h2>From</h2>$company</section>
<section><h2>Bill to</h2>$bill_to</section>
</div>
$memo
<table>
<thead><tr><th scope="col">Description</th><th scope="col">Amount</th></tr></thead>
<tbody>
$lines
</tbody>
<tfoot>
<tr><th scope="row">Total</th><td>$total</td></tr>
</tfoot>
</table>
$more
</main>
$footer
</body>
</html>
""")


def preview_page(preview: InvoicePreview) -> str:
    """Returns the page. Every value is escaped."""
    return _PAGE.substitute(
        policy=CONTENT_SECURITY_POLICY,
        style=_STYLE,
        notice=escape(preview.notice),
        warnings=_warnings(preview),
        dates="".join(_dates(preview)),
        company=_paragraphs([preview.company.name, preview.company.support_email, preview.company.support_phone]),
        bill_to=_paragraphs([preview.bill_to.name, *preview.bill_to.address, preview.bill_to.email]),
        memo=_text("section", preview.memo),
        lines="\n".join(_lines(preview)),
        total=f"{_amount(preview.total)} {escape(preview.currency.upper())}",
        more="\n".join(_custom_sections(preview)),
        footer=_text("footer", preview.footer),
    )


def _warnings(preview: InvoicePreview) -> str:
    if not preview.warnings:
        return ""
    items = "".join(
        f'<li>{escape(each.message)} <span class="soft">{escape(each.next_step or "")}</span></li>'
        for each in preview.warnings
    )
    return f'<section class="warnings"><h2>This draft cannot be sent yet</h2><ul>{items}</ul></section>'


def _dates(preview: InvoicePreview) -> Iterator[str]:
    yield "<dt>Number</dt><dd>None yet</dd>"
    yield f"<dt>Date</dt><dd>{_day(preview.date)}, if it is sent today</dd>"
    if preview.due_date is not None:
        condition = ", if it is sent today" if preview.due_in_words else ""
        yield f"<dt>Due</dt><dd>{_day(preview.due_date)}{condition}</dd>"
    if preview.due_in_words is not None:
        yield f"<dt>Terms</dt><dd>{escape(preview.due_in_words)}</dd>"


def _lines(preview: InvoicePreview) -> Iterator[str]:
    """Yields the rows of the lines that Stripe receives. Deductions and the tax are lines, too."""
    for line in preview.line_items:
        yield _row_of_line(line.text, line.amount)
    for deduction in preview.deductions:
        yield _row_of_line(deduction.text, f"-{deduction.amount}")
    if Decimal(preview.tax):
        yield _row_of_line("Tax", preview.tax)


def _custom_sections(preview: InvoicePreview) -> Iterator[str]:
    for each in preview.custom_fields:
        yield _section(each.name, each.value)
    methods = ", ".join(preview.payment_methods) or "As set in the Stripe account"
    yield _section("Ways to pay", methods)


def _section(title: str, text: str) -> str:
    return f'<section><h2 dir="auto">{escape(title)}</h2><p class="text" dir="auto">{escape(text)}</p></section>'


def _text(element: str, text: str | None) -> str:
    return f'<{element}><p class="text" dir="auto">{escape(text)}</p></{element}>' if text else ""


def _paragraphs(lines: Iterable[str | None]) -> str:
    return "".join(f'<p dir="auto">{escape(line)}</p>' for line in lines if line) or '<p class="soft">Not known</p>'


def _row_of_line(text: str, amount: str) -> str:
    return f'<tr><td dir="auto">{escape(text)}</td><td>{_amount(amount)}</td></tr>'


def _amount(amount: str) -> str:
    """Returns an exact decimal such as `1234.50` with commas between thousands, and with a true minus sign."""
    return f"{Decimal(amount):,f}".replace("-", "\N{MINUS SIGN}")


def _day(day: str) -> str:
    return day_in_words(dt.date.fromisoformat(day))

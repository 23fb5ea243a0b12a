"""Changes of single fields."""

from __future__ import annotations

from infra.sandbox.changes.change import Change, ExpectedFinding
from infra.sandbox.changes.edits import drop, objects, put, rename, turn
from infra.sandbox.findings import Part, Verdict

_HARMFUL, _HARMLESS = Verdict.HARMFUL, Verdict.HARMLESS


def _harmful_finding(story: str, text: str) -> ExpectedFinding:
    return ExpectedFinding(Part.SHAPES, story, _HARMFUL, text)


def _harmless_finding(story: str, text: str) -> ExpectedFinding:
    return ExpectedFinding(Part.SHAPES, story, _HARMLESS, text)


FIELDS = (
    Change(
        "an invoice without its link",
        "`hosted_invoice_url` is no field of an invoice.",
        _harmful_finding("billing", "missing: invoice.hosted_invoice_url"),
        objects("invoice", drop("hosted_invoice_url")),
    ),
    Change(
        "an invoice without its number",
        "A finalized invoice has no number.",
        _harmful_finding("billing", "other null-ness: invoice.number"),
        objects("invoice", put("number", None)),
    ),
    Change(
        "an amount as text",
        "`amount_remaining` is text.",
        _harmful_finding("billing", "other type: invoice.amount_remaining"),
        objects("invoice", turn("amount_remaining", str)),
    ),
    Change(
        "an amount as a decimal number",
        "`total` is in whole dollars with cents behind the point.",
        _harmful_finding("billing", "stripe_answer_unreadable"),
        objects("invoice", turn("total", lambda cents: cents / 100)),
    ),
    Change(
        "an amount off by one",
        "`total` is one cent more.",
        _harmful_finding("billing", "other value: invoice.total"),
        objects("invoice", turn("total", lambda cents: cents + 1)),
    ),
    Change(
        "a status renamed",
        "An open invoice is `issued`.",
        _harmful_finding("billing", "other value: invoice.status"),
        objects("invoice", rename("status", "open", "issued")),
    ),
    Change(
        "a status in capitals",
        "An open invoice is `OPEN`.",
        _harmful_finding("billing", "other value: invoice.status"),
        objects("invoice", rename("status", "open", "OPEN")),
    ),
    Change(
        "a currency in capitals",
        "An invoice's currency is `USD`.",
        _harmful_finding("billing", "other value: invoice.currency"),
        objects("invoice", rename("currency", "usd", "USD")),
    ),
    Change(
        "a moment missing",
        "`status_transitions` has no `finalized_at`.",
        _harmful_finding("billing", "missing: invoice.status_transitions.finalized_at"),
        objects("invoice", drop("status_transitions.finalized_at")),
    ),
    Change(
        "a due date as text",
        "`due_date` is a date in letters.",
        _harmful_finding("billing", "other type: invoice.due_date"),
        objects("invoice", put("due_date", "2026-12-01")),
    ),
    Change(
        "metadata lost",
        "An invoice has no metadata.",
        _harmful_finding("billing", "invoice.metadata"),
        objects("invoice", put("metadata", {})),
    ),
    Change(
        "a line's amount renamed",
        "A line has a `total` in place of its `amount`.",
        _harmful_finding("billing", "missing: line_item.amount"),
        objects("line_item", lambda line: line.update(total=line.pop("amount", 0))),
    ),
    Change(
        "no application",
        "`application` of an invoice that the platform made is null.",
        _harmful_finding("billing", "other null-ness: invoice.application"),
        objects("invoice", put("application", None)),
    ),
    Change(
        "an unread field dropped",
        "`attempt_count` is no field of an invoice.",
        _harmless_finding("billing", "missing: invoice.attempt_count"),
        objects("invoice", drop("attempt_count")),
    ),
    Change(
        "a new field",
        "An invoice has a field that the double lacks.",
        _harmless_finding("billing", "extra: invoice.amount_forgiven"),
        objects("invoice", put("amount_forgiven", 0)),
    ),
    Change(
        "an intent's status renamed",
        "An intent that waits for a payment method `requires_source`, as before 2019-02-11.",
        _harmful_finding("cards", "other value: payment_intent.status"),
        objects("payment_intent", rename("status", "requires_payment_method", "requires_source")),
    ),
    Change(
        "payments cannot be expanded",
        "`expand[]=payments` is ignored.",
        _harmful_finding("billing", "missing: invoice.payments"),
        objects("invoice", drop("payments")),
    ),
    Change(
        "a customer without an address",
        "`address` of a customer is null although it was given.",
        _harmful_finding("billing", "other null-ness: customer.address"),
        objects("customer", put("address", None)),
    ),
    Change(
        "lists without has_more",
        "A list does not say whether there is more.",
        _harmful_finding("reads", "missing: list.has_more"),
        objects("list", drop("has_more"), path="/v1/(charges|refunds|disputes|credit_notes)"),
    ),
)

"""An invoice from its draft to the e-mail, and what both sides share: an invoice that can be paid."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.draft_edit import lines_of
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.payment_facts import InvoicePaymentFact
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.story import Story


@dataclass(frozen=True)
class Sent:
    """An invoice that was finalized and mailed."""

    customer: str
    """Stripe's id of the customer."""
    invoice: str
    intent: str
    """The payment intent by which it is paid."""
    total: int


def sent_invoice(lab: Laboratory, *amounts: int) -> Sent:
    """Bills a new customer as the product does: customer, draft, all lines at once, send."""
    customer = lab.gateway.create_customer(lab.account, lab.orders.customer(), f"{lab.run}-{lab.orders.number()}").id
    order = lab.orders.invoice(*amounts)
    key = f"{lab.run}-{order.id}"
    draft = lab.gateway.create_draft(lab.account, order, customer, f"{key}-draft")
    lab.gateway.add_lines(lab.account, draft.id, lines_of(order.order), f"{key}-lines")
    facts = lab.gateway.send(lab.account, draft.id, f"{key}-send")
    total = next(fact.total for fact in facts if isinstance(fact, InvoiceFact))
    intent = next(fact.payment_intent_id for fact in facts if isinstance(fact, InvoicePaymentFact))
    assert intent is not None
    return Sent(customer, draft.id, intent, total)


def _play(lab: Laboratory) -> None:
    with lab.step("sent"):
        sent = sent_invoice(lab, 7500, 2500)
    with lab.step("read with everything"):
        lab.gateway.everything(lab.account, sent.invoice)


BILLING = Story("billing", "A customer, a draft with two lines, and its e-mail.", _play)

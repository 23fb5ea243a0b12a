"""An invoice that is reminded, marked uncollectible, and then paid."""

from __future__ import annotations

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import send_invoice, shared_payer
from infra.sandbox.stories.payer import pay
from infra.sandbox.stories.refusals import allow_refusal
from infra.sandbox.stories.story import Story


def _play(session: Session) -> None:
    customer, began = shared_payer(session), session.now()
    with session.step("sent"):
        sent = send_invoice(session, 7500, 2500, customer=customer)
    with session.step("sent again"):
        session.gateway.send(session.account, sent.invoice, f"{session.run}-{sent.invoice}-again")
    with session.step("events of the e-mail"):
        session.until(
            lambda: session.gateway.events_about(session.account, sent.invoice, "invoice.sent", began),
            {"data.*.data.object.id": sent.invoice},
            60,
        )
    with session.step("uncollectible"):
        session.gateway.mark_uncollectible(
            session.account, sent.invoice, f"{session.run}-{sent.invoice}-uncollectible"
        )
    with session.step("paid although uncollectible"):
        pay(session, sent, "pm_card_mastercard_prepaid")
    with session.step("void refused"), allow_refusal():
        session.gateway.void(session.account, sent.invoice, f"{session.run}-{sent.invoice}-void")


BILLING = Story(
    "billing",
    "An invoice is mailed, mailed again, marked uncollectible, and paid all the same; then it cannot be voided.",
    _play,
)

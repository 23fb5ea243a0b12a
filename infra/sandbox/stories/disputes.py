"""Disputes: won and lost by evidence, and an inquiry (https://docs.stripe.com/testing#disputes)."""

from __future__ import annotations

from typing import Any

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import payer_of
from infra.sandbox.stories.payer import pay_apart
from infra.sandbox.stories.refusals import refused
from infra.sandbox.stories.story import Story

PATIENCE = 120


def _play(session: Session) -> None:
    customer = payer_of(session)
    with session.step("opened"):
        first = pay_apart(session, 5000, "pm_card_createDispute", customer=customer)
        won = _opened(session, first)
    with session.step("refund of a disputed payment"), refused():
        session.gateway.refund(session.account, first, 5000, None, "rfd_disputed", f"{session.run}-rfd_disputed")
    with session.step("won"):
        _ended(session, won, "winning_evidence", "won")
    with session.step("another one opened"):
        other = pay_apart(session, 4000, "pm_card_createDisputeProductNotReceived", customer=customer)
        lost = _opened(session, other)
    with session.step("lost"):
        _ended(session, lost, "losing_evidence", "lost")
    with session.step("an inquiry"):
        _opened(session, pay_apart(session, 3000, "pm_card_createDisputeInquiry", customer=customer))


def _opened(session: Session, intent: str) -> str:
    found: Any = session.until(
        lambda: session.v1.disputes.list({"payment_intent": intent}, session.on_account()),
        {"data.*.object": "dispute"},
        PATIENCE,
    )
    return str(found.data[0].id)


def _ended(session: Session, dispute: str, evidence: str, status: str) -> None:
    submitted = {"evidence": {"uncategorized_text": evidence}, "submit": True, "metadata": session.marks}
    session.v1.disputes.update(dispute, submitted, session.on_account())
    session.until(lambda: session.gateway.fetch(session.account, "dispute", dispute), {"status": status}, PATIENCE)


DISPUTES = Story("disputes", "A dispute that is won, one that is lost, and an inquiry.", _play)

"""Disputes: won and lost by evidence, and an inquiry (https://docs.stripe.com/testing#disputes)."""

from __future__ import annotations

from typing import Any

from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import shared_payer
from infra.sandbox.stories.payer import pay_apart
from infra.sandbox.stories.refusals import allow_refusal
from infra.sandbox.stories.story import Story

PATIENCE = 120


def _play(session: Session) -> None:
    customer = shared_payer(session)
    with session.step("opened"):
        first = pay_apart(session, 5000, "pm_card_createDispute", customer=customer)
        won_dispute = _dispute_of(session, first)
    with session.step("refund of a disputed payment"), allow_refusal():
        session.gateway.refund(session.account, first, 5000, None, "rfd_disputed", f"{session.run}-rfd_disputed")
    with session.step("won"):
        _submit_evidence(session, won_dispute, "winning_evidence", "won")
    with session.step("another one opened"):
        second = pay_apart(session, 4000, "pm_card_createDisputeProductNotReceived", customer=customer)
        lost_dispute = _dispute_of(session, second)
    with session.step("lost"):
        _submit_evidence(session, lost_dispute, "losing_evidence", "lost")
    with session.step("an inquiry"):
        _dispute_of(session, pay_apart(session, 3000, "pm_card_createDisputeInquiry", customer=customer))


def _dispute_of(session: Session, intent: str) -> str:
    disputes: Any = session.until(
        lambda: session.v1.disputes.list({"payment_intent": intent}, session.on_account()),
        {"data.*.object": "dispute"},
        PATIENCE,
    )
    return str(disputes.data[0].id)


def _submit_evidence(session: Session, dispute: str, evidence: str, status: str) -> None:
    update = {"evidence": {"uncategorized_text": evidence}, "submit": True, "metadata": session.marks}
    session.v1.disputes.update(dispute, update, session.on_account())
    session.until(lambda: session.gateway.fetch(session.account, "dispute", dispute), {"status": status}, PATIENCE)


DISPUTES = Story("disputes", "A dispute that is won, one that is lost, and an inquiry.", _play)

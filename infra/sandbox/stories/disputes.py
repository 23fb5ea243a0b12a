"""Disputes: won and lost by evidence, and an inquiry (https://docs.stripe.com/testing#disputes)."""

from __future__ import annotations

from typing import Any

from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.invoices import payer_of
from infra.sandbox.stories.payer import pay_apart
from infra.sandbox.stories.refusals import refused
from infra.sandbox.stories.story import Story

PATIENCE = 120


def _play(lab: Laboratory) -> None:
    customer = payer_of(lab)
    with lab.step("opened"):
        first = pay_apart(lab, 5000, "pm_card_createDispute", customer=customer)
        won = _opened(lab, first)
    with lab.step("refund of a disputed payment"), refused():
        lab.gateway.refund(lab.account, first, 5000, None, "rfd_disputed", f"{lab.run}-rfd_disputed")
    with lab.step("won"):
        _ended(lab, won, "winning_evidence", "won")
    with lab.step("another one opened"):
        other = pay_apart(lab, 4000, "pm_card_createDisputeProductNotReceived", customer=customer)
        lost = _opened(lab, other)
    with lab.step("lost"):
        _ended(lab, lost, "losing_evidence", "lost")
    with lab.step("an inquiry"):
        _opened(lab, pay_apart(lab, 3000, "pm_card_createDisputeInquiry", customer=customer))


def _opened(lab: Laboratory, intent: str) -> str:
    found: Any = lab.until(
        lambda: lab.v1.disputes.list({"payment_intent": intent}, lab.on_account()),
        {"data.*.object": "dispute"},
        PATIENCE,
    )
    return str(found.data[0].id)


def _ended(lab: Laboratory, dispute: str, evidence: str, status: str) -> None:
    submitted = {"evidence": {"uncategorized_text": evidence}, "submit": True, "metadata": lab.marks}
    lab.v1.disputes.update(dispute, submitted, lab.on_account())
    lab.until(lambda: lab.gateway.fetch(lab.account, "dispute", dispute), {"status": status}, PATIENCE)


DISPUTES = Story("disputes", "A dispute that is won, one that is lost, and an inquiry.", _play)

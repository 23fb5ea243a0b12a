"""Of a Stripe invoice and its revisions, the latest finalized one counts."""

from __future__ import annotations

import itertools
from functools import reduce
from typing import Any

import pytest

from chalicelib.domain.amounts import amounts_of
from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.identifiers import InvoiceId
from chalicelib.domain.payment_facts import (
    ChargeFact,
    InvoicePaymentFact,
    PaymentFailure,
    PaymentIntentFact,
    RefundFact,
)
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import InvoiceStatus, status_of
from chalicelib.ports.listed_invoices import with_owners


def stripe_invoice(number: int, status: str = "open", **more: Any) -> InvoiceFact:
    """Returns the invoice in_1, or a revision of the previous one."""
    fact: dict[str, Any] = {
        "id": f"in_{number}", "as_of": 100, "status": status, "total": 500, "amount_paid": 0, "amount_remaining": 500,
        "amount_due": 500, "currency": "usd", "from_invoice_id": f"in_{number - 1}" if number > 1 else None,
        "finalized_at": None if status == "draft" else 100,
    }  # fmt: skip
    return InvoiceFact(**{**fact, **more})


def snapshots_of(*facts: StripeFact) -> Snapshots:
    return reduce(Snapshots.merge, facts, Snapshots())


PAID_BY = InvoicePaymentFact("inpay_1", 100, "open", "in_1", 0, "usd")
ORIGINAL = stripe_invoice(1, "void", latest_revision_id="in_2")


@pytest.mark.parametrize(
    "order", list(itertools.permutations([ORIGINAL, stripe_invoice(2, "void"), stripe_invoice(3)]))
)
def test_the_last_revision_of_a_chain_counts_in_any_order_of_events(
    order: tuple[InvoiceFact, ...],
) -> None:
    facts = snapshots_of(*order)
    assert facts.invoice == stripe_invoice(3)
    assert set(facts.revisions) == {"in_1", "in_2"}


@pytest.mark.parametrize("deleted", [False, True], ids=["a_draft", "a_deleted_draft"])
def test_a_draft_of_a_revision_does_not_count(deleted: bool) -> None:
    facts = snapshots_of(stripe_invoice(2, "draft", deleted=deleted), stripe_invoice(1), PAID_BY)
    assert facts.invoice == stripe_invoice(1)
    assert status_of(facts) is InvoiceStatus.PENDING
    assert facts.invoice_to_read is None


def test_a_circular_chain_of_revisions_ends() -> None:
    facts = snapshots_of(stripe_invoice(1, from_invoice_id="in_2"), stripe_invoice(2))
    assert facts.invoice is not None


@pytest.mark.parametrize(
    ("facts", "unread"),
    [
        (snapshots_of(stripe_invoice(1), PAID_BY), None),
        (snapshots_of(stripe_invoice(1)), "in_1"),
        (snapshots_of(stripe_invoice(1, "draft")), None),
        (snapshots_of(ORIGINAL), "in_2"),
        (snapshots_of(ORIGINAL, stripe_invoice(2, "draft")), "in_2"),
        (snapshots_of(ORIGINAL, stripe_invoice(2)), "in_2"),
        (
            snapshots_of(ORIGINAL, stripe_invoice(2), InvoicePaymentFact("inpay_2", 100, "open", "in_2", 0, "usd")),
            None,
        ),
        (snapshots_of(ORIGINAL, stripe_invoice(2, "paid", amount_due=0)), None),
        (snapshots_of(ORIGINAL, PAID_BY, stripe_invoice(2, "draft", deleted=True)), None),
    ],
    ids=[
        "never_revised", "finalized_in_stripe", "a_draft", "named_only", "known_as_a_draft",
        "known_without_its_payments", "known_with_its_payments",
        "nothing_to_pay", "gone",
    ],
)  # fmt: skip
def test_a_revision_finalized_in_stripe_is_read_once_with_its_payments(facts: Snapshots, unread: str | None) -> None:
    assert facts.invoice_to_read == unread


def test_a_failed_attempt_at_a_replaced_invoice_is_no_failure_of_its_revision() -> None:
    failure = PaymentFailure(FailureReason.CARD_DECLINED)
    before = [
        stripe_invoice(1),
        PaymentIntentFact("pi_1", 100, "requires_payment_method", 500, "usd", "ch_1", failure),
        ChargeFact("ch_1", 100, "failed", 500, "usd", 100, "pi_1", failure),
        InvoicePaymentFact("inpay_1", 100, "open", "in_1", 0, "usd", "pi_1"),
    ]
    assert status_of(snapshots_of(*before)) is InvoiceStatus.FAILED
    revised = [ORIGINAL, stripe_invoice(2), InvoicePaymentFact("inpay_2", 100, "open", "in_2", 0, "usd", "pi_2")]
    assert status_of(snapshots_of(*before, *revised)) is InvoiceStatus.PENDING


@pytest.mark.parametrize(
    ("payments", "refunded"),
    [
        ([InvoicePaymentFact("inpay_2", 100, "paid", "in_2", 500, "usd", "pi_2")], 500),
        ([InvoicePaymentFact("inpay_1", 100, "paid", "in_1", 500, "usd", "pi_2")], 0),
        ([], 500),
    ],
    ids=["pays_the_revision", "pays_the_original", "is_not_known_to_pay_either"],
)
def test_a_refund_counts_for_a_revision_unless_its_payment_is_known_to_pay_another_invoice(
    payments: list[InvoicePaymentFact], refunded: int
) -> None:
    paid = stripe_invoice(2, "paid", amount_paid=500, amount_remaining=0)
    intent = PaymentIntentFact("pi_2", 100, "succeeded", 500, "usd")
    refund = RefundFact("re_1", 110, "succeeded", 500, "usd", 110, "pi_2")
    assert amounts_of(snapshots_of(ORIGINAL, paid, intent, refund, *payments)).refunded == refunded


def test_a_revision_belongs_to_its_invoice_with_or_without_poms_id_in_its_metadata() -> None:
    ours, theirs = InvoiceId("inv_1"), InvoiceId("inv_2")
    first, second, third = stripe_invoice(1, "void"), stripe_invoice(2, "void"), stripe_invoice(3)
    foreign = stripe_invoice(9, from_invoice_id=None)
    assert with_owners([(third, None), (second, None), (first, ours), (foreign, None)], {}) == [
        (third, ours), (second, ours), (first, ours),
    ]  # fmt: skip
    assert with_owners([(third, None)], {"in_2": theirs}) == [(third, theirs)]

"""The explanation of an invoice's status: a table of facts and their sentences."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.actions import Action
from chalicelib.domain.explanation import explain
from chalicelib.domain.facts import CreditNoteFact, InvoiceFact
from chalicelib.domain.failures import FAILURE_TEXTS, FailureReason
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payment_facts import ChargeFact, DisputeFact, PaymentFailure, PaymentIntentFact, RefundFact
from chalicelib.domain.saga import Step
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import InvoiceStatus
from tests.contracts.examples import NOW, invoice

DAY = 86400
# NOW is 15 January 2027, 08:00 UTC.
OPEN = InvoiceFact(
    "in_1", NOW, "open", 7500, 0, 7500, "usd",
    due_at=NOW + 30 * DAY, hosted_url="https://pay", finalized_at=NOW,
)  # fmt: skip
PAID = replace(OPEN, status="paid", amount_paid=7500, amount_remaining=0, paid_at=NOW + DAY)
BROKE = PaymentFailure(FailureReason.INSUFFICIENT_FUNDS)
DECLINED = PaymentIntentFact("pi_1", NOW + DAY, "requires_payment_method", 7500, "usd", "ch_1", BROKE)
UNDER_WAY = PaymentIntentFact("pi_1", NOW + 2 * DAY, "processing", 7500, "usd", "ch_1")
DEBIT = ChargeFact("ch_1", NOW + DAY, "pending", 7500, "usd", NOW + DAY, "pi_1", method="us_bank_account")
BY_CARD = ChargeFact("ch_1", NOW + DAY, "succeeded", 7500, "usd", NOW + DAY, "pi_1", method="card")
REFUND = RefundFact("re_1", NOW + 3 * DAY, "succeeded", 7500, "usd", NOW + 3 * DAY, "pi_1", "ch_1")
DISPUTE = DisputeFact("dp_1", NOW + 4 * DAY, "needs_response", 7500, "usd", "fraudulent", NOW + 14 * DAY, "pi_1")
NOTE = CreditNoteFact("cn_1", NOW + DAY, "issued", 7500, "usd", "in_1")


def action(kind: str, at: int, reason: str | None = None) -> Action:
    return Action(at, kind, reason=reason, stripe_id="in_1")


def invoice_with(*facts: Any, actions: tuple[Action, ...] = (), sent: bool = True, **changes: Any) -> Invoice:
    blank = invoice()
    snapshots = Snapshots()
    for fact in facts:
        snapshots = snapshots.merge(fact)
    saga = replace(blank.saga, step=Step.DONE, resume_at=None)
    sent_at = NOW if sent else None
    stripe_id = snapshots.invoice.id if snapshots.invoice else None
    fields: dict[str, Any] = {"facts": snapshots, "saga": saga, "actions": actions, "stripe_invoice_id": stripe_id}
    return replace(blank, **fields, sent_at=sent_at, **changes)


BROKE_TEXT = FAILURE_TEXTS[FailureReason.INSUFFICIENT_FUNDS]

TABLE: list[tuple[str, Invoice, InvoiceStatus, str]] = [
    (
        "creating",
        invoice(),
        InvoiceStatus.CREATING,
        "It is being made in Stripe. That continues automatically, unless invoicing is paused or Stripe is not "
        "connected.",
    ),
    (
        "draft",
        invoice_with(replace(OPEN, status="draft", finalized_at=None, hosted_url=None), sent=False),
        InvoiceStatus.DRAFT,
        "It is a draft: the customer has not been asked to pay. Review and send it.",
    ),
    (
        "a draft with a discount",
        invoice_with(
            replace(OPEN, status="draft", total=6500, discount_amount=1000, finalized_at=None, hosted_url=None),
            sent=False,
        ),
        InvoiceStatus.DRAFT,
        "It is a draft: the customer has not been asked to pay. "
        "It was changed in Stripe: the total is 65.00 USD, 10.00 USD less than POM ordered. "
        "POM does not send it like this. Save the draft again in POM, which overwrites the change. "
        "Or undo it in the Stripe dashboard, or send the draft from there. "
        "Or void it in POM and bill its services again. "
        "Discounts in Stripe took 10.00 USD off; the total is what they left.",
    ),
    (
        "nobody tried",
        invoice_with(OPEN),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. Nobody has tried to pay yet. It is due on 14 February 2027.",
    ),
    (
        "finalized, never sent",
        invoice_with(OPEN, sent=False),
        InvoiceStatus.PENDING,
        "Finalized on 15 January 2027, but no e-mail has been sent from POM. Nobody has tried to pay yet. "
        "It is due on 14 February 2027.",
    ),
    (
        "overdue",
        invoice_with(replace(OPEN, due_at=NOW + 2 * DAY)).changed(NOW + 3 * DAY),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. Nobody has tried to pay yet. It was due on 17 January 2027, 3 days ago.",
    ),
    (
        "a bank debit, told by its charge",
        invoice_with(OPEN, UNDER_WAY, DEBIT),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. A bank debit has been on its way since 16 January 2027; "
        "it takes up to 5 business days.",
    ),
    (
        "a bank debit whose charge nobody has told of, seen first a day before",
        invoice_with(OPEN, replace(UNDER_WAY, seen={"processing": NOW + DAY})),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. A bank debit has been on its way since 16 January 2027; "
        "it takes up to 5 business days.",
    ),
    (
        "a debit after the snapshot alone",
        invoice_with(OPEN, UNDER_WAY),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. A bank debit has been on its way since 17 January 2027; "
        "it takes up to 5 business days.",
    ),
    (
        "another slow method",
        invoice_with(OPEN, UNDER_WAY, replace(DEBIT, method="card")),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. A payment has been on its way since 16 January 2027; "
        "it has neither arrived nor failed yet.",
    ),
    (
        "to be confirmed",
        invoice_with(OPEN, replace(UNDER_WAY, status="requires_action")),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. The customer has begun to pay and has yet to confirm the payment with their bank. "
        "It is due on 14 February 2027.",
    ),
    (
        "paid in part",
        invoice_with(replace(OPEN, amount_paid=2500, amount_remaining=5000)),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. 25.00 USD of 75.00 USD has been paid. It is due on 14 February 2027.",
    ),
    (
        "failed",
        invoice_with(OPEN, DECLINED),
        InvoiceStatus.FAILED,
        f"The latest attempt to pay, on 16 January 2027, failed. {BROKE_TEXT.message} {BROKE_TEXT.next_step} "
        "It is due on 14 February 2027.",
    ),
    ("paid", invoice_with(PAID), InvoiceStatus.PAID, "Paid on 16 January 2027."),
    ("paid by card", invoice_with(PAID, BY_CARD), InvoiceStatus.PAID, "Paid on 16 January 2027 by card."),
    (
        "paid by bank debit",
        invoice_with(PAID, replace(BY_CARD, method="us_bank_account")),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027 by bank debit.",
    ),
    (
        "paid by check",
        invoice_with(
            replace(PAID, amount_paid_off_stripe=7500),
            actions=(action("marked_paid", NOW + DAY, "check No. 1042"),),
        ),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027 by check No. 1042, as recorded in POM.",
    ),
    (
        "paid outside, marked in the Dashboard",
        invoice_with(replace(PAID, amount_paid_off_stripe=7500)),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027 outside Stripe, as recorded in Stripe.",
    ),
    (
        "nothing to pay",
        invoice_with(replace(PAID, total=0, amount_paid=0)),
        InvoiceStatus.PAID,
        "There was nothing to pay. It was changed in Stripe: the total is 0.00 USD, 75.00 USD less than POM ordered.",
    ),
    (
        "credited",
        invoice_with(replace(PAID, amount_paid=0), NOTE),
        InvoiceStatus.PAID,
        "Settled by credit notes over 75.00 USD; no money came in.",
    ),
    (
        "overpaid",
        invoice_with(replace(PAID, amount_paid=8000, amount_overpaid=500)),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. The customer paid 5.00 USD more than was due. "
        "Stripe put it on the customer's credit balance and takes it off the next invoice.",
    ),
    (
        "refunded in part",
        invoice_with(PAID, replace(REFUND, amount=2500)),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. 25.00 USD of it was refunded on 18 January 2027.",
    ),
    (
        "a refund on its way",
        invoice_with(PAID, replace(REFUND, status="pending")),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. A refund of 75.00 USD is on its way.",
    ),
    (
        "a refund that failed",
        invoice_with(PAID, replace(REFUND, status="failed")),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. A refund of 75.00 USD failed: the customer does not have it. "
        "Refund it again, or give it back in another way.",
    ),
    (
        "a refund that failed and was made again",
        invoice_with(
            PAID,
            replace(REFUND, status="failed", seen={"failed": REFUND.created + 1}),
            replace(REFUND, id="re_2", created=REFUND.created + 2 * DAY),
        ),
        InvoiceStatus.REFUNDED,
        "Paid on 16 January 2027. Refunded in full on 20 January 2027. A refund of 75.00 USD failed. "
        "Nothing is owed to the customer for it any more.",
    ),
    (
        "refunded",
        invoice_with(PAID, BY_CARD, REFUND),
        InvoiceStatus.REFUNDED,
        "Paid on 16 January 2027 by card. Refunded in full on 18 January 2027.",
    ),
    (
        "disputed",
        invoice_with(PAID, DISPUTE),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. The customer's bank disputes 75.00 USD; "
        "answer it in the Stripe dashboard by 29 January 2027.",
    ),
    (
        "a dispute under review",
        invoice_with(PAID, replace(DISPUTE, status="under_review")),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. The customer's bank is looking into a dispute over 75.00 USD; "
        "there is nothing to do until it decides.",
    ),
    (
        "a dispute lost",
        invoice_with(PAID, replace(DISPUTE, status="lost")),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. A dispute over 75.00 USD was lost: the customer's bank has taken it back.",
    ),
    (
        "a dispute won",
        invoice_with(PAID, replace(DISPUTE, status="won")),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027.",
    ),
    (
        "void",
        invoice_with(replace(OPEN, status="void"), actions=(action("voided_by_pom", NOW + DAY),)),
        InvoiceStatus.VOID,
        "Voided on 16 January 2027: nothing is to be paid. Its services can be billed again.",
    ),
    (
        "a deleted draft",
        invoice_with(replace(OPEN, status="draft", deleted=True), sent=False),
        InvoiceStatus.VOID,
        "Its draft was deleted on 15 January 2027: nothing is to be paid. Its services can be billed again.",
    ),
    (
        "given up",
        invoice_with(
            replace(OPEN, status="uncollectible"), actions=(action("payment_window_passed", NOW + DAY, "14 days"),)
        ),
        InvoiceStatus.UNCOLLECTIBLE,
        "Given up on 16 January 2027: it was not paid within 14 days after it was due. It can still be paid.",
    ),
    (
        "paid from the customer's credit",
        invoice_with(replace(PAID, amount_paid=0, starting_balance=-10_000, ending_balance=-2500)),
        InvoiceStatus.PAID,
        "Settled on 16 January 2027; no money came in. 75.00 USD came from the customer's credit balance in Stripe.",
    ),
    (
        "a rest too small to charge",
        invoice_with(replace(PAID, amount_paid=0, starting_balance=-7480, ending_balance=20)),
        InvoiceStatus.PAID,
        "Settled on 16 January 2027; no money came in. 74.80 USD came from the customer's credit balance in Stripe. "
        "0.20 USD is less than the smallest amount that Stripe charges. Stripe did not ask for it, put it on the "
        "customer's balance, and adds it to the next invoice.",
    ),
    (
        "a total too small to charge, beside a debt",
        invoice_with(replace(PAID, total=20, amount_paid=0, starting_balance=20, ending_balance=40)),
        InvoiceStatus.PAID,
        "Settled on 16 January 2027; no money came in. "
        "It was changed in Stripe: the total is 0.20 USD, 74.80 USD less than POM ordered. "
        "0.20 USD is less than the smallest amount that Stripe charges. "
        "Stripe did not ask for it, put it on the customer's balance, and adds it to the next invoice.",
    ),
    (
        "asked for less, because of credit",
        invoice_with(replace(OPEN, amount_remaining=5000, starting_balance=-2500, ending_balance=0)),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. 25.00 USD came from the customer's credit balance in Stripe. "
        "Nobody has tried to pay yet. It is due on 14 February 2027.",
    ),
    (
        "asked for more, because of a debt",
        invoice_with(replace(OPEN, amount_remaining=8500, starting_balance=1000, ending_balance=0), DECLINED),
        InvoiceStatus.FAILED,
        f"The latest attempt to pay, on 16 January 2027, failed. {BROKE_TEXT.message} {BROKE_TEXT.next_step} "
        "Stripe added 10.00 USD that the customer owed from before. It is due on 14 February 2027.",
    ),
    (
        "a total below zero",
        invoice_with(replace(PAID, total=-500, amount_paid=0, starting_balance=0, ending_balance=-500)),
        InvoiceStatus.PAID,
        "Settled on 16 January 2027; no money came in. "
        "It was changed in Stripe: the total is -5.00 USD, 80.00 USD less than POM ordered. "
        "Its total is below zero: 5.00 USD went to the customer's balance in Stripe.",
    ),
    (
        "discounted",
        invoice_with(replace(PAID, total=6500, amount_paid=6500, discount_amount=1000)),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. Discounts in Stripe took 10.00 USD off; the total is what they left.",
    ),
    (
        "credited before it is paid",
        invoice_with(
            replace(
                OPEN,
                amount_remaining=6000,
                starting_balance=0,
                ending_balance=0,
                pre_payment_credit_notes_amount=1500,
            ),
            replace(NOTE, amount=1500, pre_payment_amount=1500),
        ),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. Credit notes took 15.00 USD off what is to be paid. "
        "Nobody has tried to pay yet. It is due on 14 February 2027.",
    ),
    (
        "refunded in part while it is open",
        invoice_with(replace(OPEN, amount_paid=2500, amount_remaining=5000), replace(REFUND, amount=1000)),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. 25.00 USD of 75.00 USD has been paid. "
        "10.00 USD of it was refunded on 18 January 2027. Stripe does not ask for it again. "
        "It is due on 14 February 2027.",
    ),
    (
        "given up with a part paid",
        invoice_with(replace(OPEN, status="uncollectible", amount_paid=2500, amount_remaining=5000)),
        InvoiceStatus.UNCOLLECTIBLE,
        "Given up. It can still be paid. 25.00 USD of 75.00 USD has been paid.",
    ),
    (
        "given back in three ways",
        invoice_with(
            PAID,
            replace(REFUND, amount=1500),
            replace(
                NOTE,
                amount=3000,
                post_payment_amount=3000,
                refunded_amount=1500,
                out_of_band_amount=1000,
            ),
        ),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. 15.00 USD of it was refunded on 18 January 2027. "
        "10.00 USD of it was given back outside Stripe, as a credit note records. "
        "5.00 USD went to the customer's credit balance in Stripe by a credit note; "
        "Stripe takes it off the next invoice.",
    ),
    (
        "overpaid and refunded",
        invoice_with(replace(PAID, amount_paid=15_000, amount_overpaid=7500), REFUND),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027. 75.00 USD of it was refunded on 18 January 2027. "
        "The customer paid 75.00 USD more than was due. "
        "Stripe put it on the customer's credit balance and takes it off the next invoice. "
        "As money was given back too, look at the customer's balance in the Stripe dashboard: "
        "the same money should not be there as well.",
    ),
    (
        "paid by card and by cash",
        invoice_with(replace(PAID, amount_paid_off_stripe=5000), replace(BY_CARD, amount=2500)),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027: 25.00 USD by card, 50.00 USD outside Stripe, as recorded in Stripe.",
    ),
    (
        "a dispute lost in another currency",
        invoice_with(PAID, BY_CARD, replace(DISPUTE, status="lost", amount=6810, currency="eur", charge_id="ch_1")),
        InvoiceStatus.PAID,
        "Paid on 16 January 2027 by card. A dispute over 68.10 EUR was lost: the customer's bank has taken it back. "
        "Of this invoice, 75.00 USD is lost by it.",
    ),
    (
        "words of tomorrow",
        invoice_with(
            replace(OPEN, status="on_hold", currency="usd"),
            replace(UNDER_WAY, status="in_orbit"),
            replace(REFUND, status="reversed"),
            replace(DISPUTE, status="arbitrated"),
        ),
        InvoiceStatus.PENDING,
        "Sent on 15 January 2027. Stripe says 'on_hold', which POM does not know. "
        "Look at the invoice in the Stripe dashboard. "
        "Stripe says 'in_orbit' of a payment; look at it in the Stripe dashboard. It is due on 14 February 2027. "
        "Stripe says 'arbitrated' of a dispute over 75.00 USD; look at it in the Stripe dashboard. "
        "Stripe says 'reversed' of a refund of 75.00 USD; look at it in the Stripe dashboard.",
    ),
    (
        "given up in the Dashboard",
        invoice_with(replace(OPEN, status="uncollectible")),
        InvoiceStatus.UNCOLLECTIBLE,
        "Given up. It can still be paid.",
    ),
]


@pytest.mark.parametrize(
    ("invoice", "status", "sentences"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_each_set_of_facts_has_its_sentences(invoice: Invoice, status: InvoiceStatus, sentences: str) -> None:
    assert invoice.status is status
    assert explain(invoice, NOW + 5 * DAY) == sentences


def test_every_status_is_in_the_table() -> None:
    assert {row[2] for row in TABLE} == set(InvoiceStatus)


def test_any_combination_of_facts_can_be_explained() -> None:
    invoices = [
        replace(OPEN, status=status, finalized_at=at, due_at=due, amount_paid=paid)
        for status in ("draft", "open", "paid", "void", "uncollectible")
        for at, due, paid in ((None, None, 0), (NOW, NOW + DAY, 7500))
    ]
    other_facts = (DECLINED, UNDER_WAY, DEBIT, BY_CARD, REFUND, DISPUTE, NOTE)
    for fact, count in itertools.product(invoices, range(3)):
        for facts in itertools.combinations(other_facts, count):
            if len({each.id for each in facts}) == len(facts):
                assert explain(invoice_with(fact, *facts), NOW + 5 * DAY).endswith(".")


def test_a_dispute_is_explained_in_its_own_currency() -> None:
    assert "over 80 JPY" in explain(
        invoice_with(PAID, replace(DISPUTE, status="lost", amount=80, currency="jpy")), NOW
    )


def test_days_are_those_of_the_organization() -> None:
    far_west = invoice_with(OPEN)
    far_west = replace(far_west, order=replace(far_west.order, time_zone="Pacific/Pago_Pago"))
    assert explain(far_west, NOW).startswith("Sent on 14 January 2027.")


@pytest.mark.parametrize("method", ["", "due", "capped", "read"])
def test_a_link_lasts_30_days_after_the_due_date_at_most_120_and_10_after_a_read(method: str) -> None:
    good_for = {"": 60, "due": 31, "capped": 120, "read": 75}[method]
    due = {"due": 1, "capped": 300}.get(method, 30)
    invoice = invoice_with(
        replace(OPEN, due_at=NOW + due * DAY), links_read_at=NOW + 65 * DAY if method == "read" else 0
    )
    assert not invoice.link_expired(NOW + good_for * DAY)
    assert invoice.link_expired(NOW + good_for * DAY + 1)
    assert explain(invoice, NOW + good_for * DAY + 1).endswith(
        "The payment link has expired; refresh the invoice to get a new one."
    )


def test_without_a_link_nothing_expires() -> None:
    assert not invoice_with(replace(OPEN, hosted_url=None)).link_expired(NOW + 999 * DAY)
    assert not invoice().link_expired(NOW + 999 * DAY)

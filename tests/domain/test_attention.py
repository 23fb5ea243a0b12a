"""The reasons why an invoice needs a person: when each begins, its texts, and when it ends."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.actions import SEND_REFUSED, SEND_REQUESTED, Action
from chalicelib.domain.attention import AttentionKind, most_urgent
from chalicelib.domain.attention_wording import AttentionItem, invoice_attention
from chalicelib.domain.company_attention import overdue_item
from chalicelib.domain.facts import CreditNoteFact
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.refund_order import RefundOrder
from chalicelib.domain.saga import Step
from tests.domain.example_invoices import (
    BOUNCED,
    DAY,
    DECLINED,
    DISPUTE,
    INTENT,
    NOW,
    OFFICE,
    OPEN,
    PAID,
    PAYMENT,
    REFUND,
    SENT,
    UNDER_WAY,
    VISA,
    invoice_with,
)

# NOW is 15 January 2027, 08:00 UTC, and a Friday.
TRIED = replace(INTENT, status="requires_payment_method", latest_charge_id="ch_0", failure=DECLINED.failure)
FAILED = invoice_with(OPEN, TRIED, DECLINED)
DISPUTED = invoice_with(PAID, PAYMENT, INTENT, VISA, DISPUTE)
REFUND_FAILED = replace(
    REFUND, as_of=NOW + 9 * DAY, status="failed", failure_reason="expired_or_canceled_card",
    seen={"succeeded": NOW + 3 * DAY, "failed": NOW + 9 * DAY},
)  # fmt: skip
NOT_REFUNDED = invoice_with(PAID, PAYMENT, INTENT, VISA, REFUND_FAILED)
DRAFT = replace(OPEN, status="draft", number=None, finalized_at=None, amount_due=None, customer_email=None)
ORDERED = Action(NOW, "created", OFFICE)
REFUSED = Action(NOW + DAY, SEND_REFUSED, reason="due_date_in_past", stripe_id="in_1")


def only_reason(invoice: Invoice, now: int = NOW + 10 * DAY) -> AttentionItem:
    [item] = invoice_attention(invoice, now)
    assert index_entry(invoice) == (item.kind, item.at)
    return item


def index_entry(invoice: Invoice) -> tuple[AttentionKind, int] | None:
    trouble = most_urgent(invoice)
    return (trouble.kind, trouble.at) if trouble is not None else None


def needs_nobody(invoice: Invoice) -> bool:
    """Returns True if the invoice needs no person and is not in the index of invoices that need one."""
    items = invoice_attention(invoice, NOW + 10 * DAY)
    assert (most_urgent(invoice) is None) == (not items)
    return not items


def test_an_invoice_whose_payment_failed_says_why_and_what_to_ask_of_the_customer() -> None:
    item = only_reason(FAILED)
    assert (item.id, item.kind) == ("payment_failed:inv_a", AttentionKind.PAYMENT_FAILED)
    assert item.at == DECLINED.created
    assert item.message == (
        "The payment of invoice A-0001 over 75.00 USD failed on 16 January 2027. "
        "The payment was declined: insufficient funds."
    )
    assert item.next_step.startswith("Ask the customer to try again later")
    assert (item.invoice_id, item.number, item.customer_id) == ("inv_a", "A-0001", "cust_1")
    assert (item.stripe_invoice_id, item.amount, item.currency, item.due_by) == ("in_1", 7500, "usd", OPEN.due_at)
    assert item.page == "/acct_1/test/invoices/in_1"


def test_a_failed_payment_of_an_overdue_invoice_says_when_it_was_due() -> None:
    overdue = invoice_with(replace(OPEN, due_at=NOW + 2 * DAY), TRIED, DECLINED).changed(NOW + 3 * DAY)
    assert only_reason(overdue).message.endswith("insufficient funds. It was due on 17 January 2027.")


def test_a_returned_bank_debit_needs_a_person_since_its_return() -> None:
    assert only_reason(invoice_with(OPEN, BOUNCED)).at == NOW + 5 * DAY


@pytest.mark.parametrize(
    "invoice",
    [
        invoice_with(OPEN),
        invoice_with(PAID, PAYMENT, INTENT, DECLINED, VISA),
        invoice_with(OPEN, UNDER_WAY, DECLINED),
        invoice_with(replace(OPEN, status="void", voided_at=NOW + 2 * DAY), TRIED, DECLINED),
        invoice_with(replace(OPEN, status="uncollectible"), TRIED, DECLINED),
    ],
    ids=["nobody tried", "paid", "a payment is on its way", "voided", "given up"],
)
def test_an_invoice_without_a_failed_payment_needs_nobody(invoice: Invoice) -> None:
    assert needs_nobody(invoice)


@pytest.mark.parametrize(
    ("now", "expected_text"),
    [
        (NOW + 4 * DAY, "The evidence is due in 10 days, by 29 January 2027."),
        (NOW + 13 * DAY, "The evidence is due tomorrow, by 29 January 2027."),
        (NOW + 14 * DAY, "The evidence is due today, by 29 January 2027."),
        (NOW + 15 * DAY, "The evidence was due by 29 January 2027, and that has passed."),
    ],
)
def test_a_dispute_states_the_days_left_to_respond(now: int, expected_text: str) -> None:
    item = only_reason(DISPUTED, now)
    assert (item.id, item.at, item.due_by) == ("dispute_needs_response:du_1", NOW + 4 * DAY, NOW + 14 * DAY)
    assert item.message == f"The customer's bank disputes 75.00 USD of invoice A-0001. {expected_text}"
    assert "the dispute in the Stripe dashboard" in item.next_step
    assert item.page == "/acct_1/test/disputes/du_1"


def test_the_days_left_to_respond_to_a_dispute_are_counted_in_the_companys_time_zone() -> None:
    zone = replace(DISPUTED.order, time_zone="Pacific/Auckland")
    # 29 January, 08:00 UTC is the 29th in Auckland too; 28 January, 12:00 UTC is the 29th there.
    item = only_reason(replace(DISPUTED, order=zone), NOW + 13 * DAY + 4 * 3600)
    assert "due today, by 29 January 2027" in item.message


def test_an_inquiry_is_called_a_question_and_a_dispute_without_a_deadline_names_no_day() -> None:
    inquiry = replace(DISPUTE, status="warning_needs_response", due_by=0)
    item = only_reason(invoice_with(PAID, PAYMENT, INTENT, VISA, inquiry))
    assert item.message == ("The customer's bank asks about 75.00 USD of invoice A-0001. It has not taken any money.")
    assert item.due_by is None


@pytest.mark.parametrize("now", [NOW + 4 * DAY, NOW + 15 * DAY])
def test_a_refund_is_suggested_for_an_inquiry_and_not_for_a_dispute(now: int) -> None:
    inquiry = replace(DISPUTE, status="warning_needs_response")
    suggestion = only_reason(invoice_with(PAID, PAYMENT, INTENT, VISA, inquiry), now).next_step
    assert ("refund" in suggestion.lower(), "Do not give" in suggestion) == (True, False)
    assert "refund" not in only_reason(DISPUTED, now).next_step.lower()


@pytest.mark.parametrize("status", ["under_review", "won", "lost", "warning_under_review", "warning_closed"])
def test_a_dispute_with_a_response_or_a_decision_needs_nobody(status: str) -> None:
    assert needs_nobody(invoice_with(PAID, PAYMENT, INTENT, VISA, replace(DISPUTE, status=status)))


def test_an_appeal_of_a_lost_dispute_needs_a_response_again() -> None:
    appeal = replace(DISPUTE, status="appeal_needs_response")
    assert only_reason(invoice_with(PAID, PAYMENT, INTENT, VISA, appeal)).kind is AttentionKind.DISPUTE_NEEDS_RESPONSE


@pytest.mark.parametrize(
    ("reason", "because", "step"),
    [
        ("due_date_in_past", ", because its due date had passed", "Save the draft with a later due date"),
        ("changed_in_stripe", ", because it had been changed in Stripe", "Save the draft again in POM"),
        (
            "stripe_account_not_ready",
            ", because Stripe did not let the account take payments",
            "Complete the business verification",
        ),
        ("email_missing", "", "Open the invoice in POM and send it."),
    ],
)
def test_an_order_to_send_that_stripe_refused_later_states_the_reason(reason: str, because: str, step: str) -> None:
    item = only_reason(invoice_with(DRAFT, acts=(ORDERED, replace(REFUSED, reason=reason))))
    assert (item.id, item.at, item.number) == ("invoice_not_sent:inv_a", NOW + DAY, None)
    assert item.message == (
        "No e-mail was sent for an invoice over 75.00 USD. "
        f"It was to be sent on 16 January 2027, and that was refused{because}."
    )
    assert item.next_step.startswith(step)


def test_an_invoice_that_was_ordered_to_be_sent_and_only_finalized_needs_a_person() -> None:
    send_requested = Action(NOW + DAY, SEND_REQUESTED, OFFICE)
    item = only_reason(invoice_with(OPEN, acts=(ORDERED, send_requested)))
    assert (item.kind, item.at) == (AttentionKind.INVOICE_NOT_SENT, NOW + DAY)
    assert item.message == (
        "No e-mail was sent for invoice A-0001 over 75.00 USD. POM was asked to send it on 16 January 2027."
    )


def with_running_saga(invoice: Invoice) -> Invoice:
    return replace(invoice, saga=replace(invoice.saga, step=Step.SEND, resume_at=NOW))


@pytest.mark.parametrize(
    "invoice",
    [
        invoice_with(DRAFT, acts=(ORDERED,)),
        invoice_with(OPEN, acts=(ORDERED,)),
        invoice_with(OPEN, acts=(ORDERED, REFUSED), sent_at=NOW + 2 * DAY),
        with_running_saga(invoice_with(DRAFT, acts=(ORDERED, REFUSED))),
        invoice_with(OPEN, UNDER_WAY, acts=(ORDERED, REFUSED)),
        invoice_with(PAID, PAYMENT, INTENT, acts=(ORDERED, REFUSED)),
        invoice_with(replace(DRAFT, deleted=True), acts=(ORDERED, REFUSED)),
        invoice_with(
            replace(OPEN, status="void", voided_at=NOW + DAY),
            replace(OPEN, id="in_2", from_invoice_id="in_1", finalized_at=NOW + DAY),
            acts=(*SENT, Action(NOW, SEND_REQUESTED, OFFICE)),
            sent_at=None,
        ),
    ],
    ids=[
        "a draft to be reviewed",
        "finalized in the dashboard, and POM was not asked to send it",
        "sent since",
        "POM is at it again",
        "its payment is on its way",
        "paid",
        "deleted",
        "a revision that somebody made in Stripe",
    ],
)
def test_an_invoice_that_nobody_has_to_send_is_not_listed_as_unsent(invoice: Invoice) -> None:
    assert needs_nobody(invoice)


def test_a_failed_refund_states_that_the_customer_does_not_have_the_money() -> None:
    item = only_reason(NOT_REFUNDED)
    assert (item.id, item.at, item.amount) == ("refund_failed:re_1", NOW + 9 * DAY, 2500)
    assert item.message == (
        "A refund of 25.00 USD of invoice A-0001 over 75.00 USD failed on 24 January 2027, because the card has "
        "expired or was canceled. The customer does not have the money."
    )
    assert item.next_step.startswith("Refund it again in POM.")
    assert item.page == "/acct_1/test/payments/pi_1"


AGAIN = replace(REFUND, id="re_2", created=NOW + 10 * DAY, as_of=NOW + 10 * DAY)
OUTSIDE = CreditNoteFact(
    "cn_2", NOW + 10 * DAY, "issued", 2500, "usd", "in_1", post_payment_amount=2500, out_of_band_amount=2500,
    created=NOW + 10 * DAY,
)  # fmt: skip
ORDER = RefundOrder("order_1", "pi_1", 2500, None, OFFICE, NOW + 10 * DAY, "nonce")


@pytest.mark.parametrize(
    "invoice",
    [
        invoice_with(PAID, PAYMENT, INTENT, VISA, REFUND_FAILED, AGAIN),
        invoice_with(PAID, PAYMENT, INTENT, VISA, REFUND_FAILED, replace(AGAIN, status="pending")),
        replace(NOT_REFUNDED, refund_orders=(ORDER,)),
        invoice_with(PAID, PAYMENT, INTENT, VISA, REFUND_FAILED, OUTSIDE),
        invoice_with(PAID, PAYMENT, INTENT, VISA, REFUND_FAILED, replace(DISPUTE, status="lost")),
        invoice_with(PAID, PAYMENT, INTENT, VISA, replace(REFUND_FAILED, status="canceled")),
    ],
    ids=[
        "refunded again",
        "a new refund is on its way",
        "a new refund is ordered",
        "given back outside Stripe, as a credit note records",
        "the bank has taken all of the payment back",
        "canceled by the company",
    ],
)
def test_a_failed_refund_is_no_longer_listed_once_another_refund_covers_it(invoice: Invoice) -> None:
    assert needs_nobody(invoice)


@pytest.mark.parametrize(
    "later",
    [
        replace(AGAIN, amount=1000),
        replace(AGAIN, amount=1000, status="failed"),
        replace(AGAIN, created=REFUND.created - 60),
        replace(AGAIN, created=REFUND_FAILED.seen["failed"] - 60),
        replace(AGAIN, payment_intent_id="pi_2", charge_id="ch_2"),
        replace(OUTSIDE, status="void"),
        replace(OUTSIDE, created=REFUND_FAILED.seen["failed"] - 60, as_of=REFUND_FAILED.seen["failed"] - 60),
    ],
    ids=[
        "less",
        "another amount, which failed too",
        "made before",
        "made after it, but before it failed",
        "of another payment",
        "its credit note was voided",
        "its credit note was issued before it failed",
    ],
)
def test_a_failed_refund_stays_listed_until_another_refund_covers_it(later: Any) -> None:
    items = invoice_attention(invoice_with(PAID, PAYMENT, INTENT, VISA, REFUND_FAILED, later), NOW)
    assert "refund_failed:re_1" in {item.id for item in items}


def test_a_failed_refund_stays_listed_if_the_other_refund_was_ordered_before_the_failure() -> None:
    early = replace(ORDER, at=REFUND_FAILED.seen["failed"] - 60)
    assert only_reason(replace(NOT_REFUNDED, refund_orders=(early,))).id == "refund_failed:re_1"


def failed_refund_amounts(*refunds: Any) -> list[str]:
    return [item.id for item in invoice_attention(invoice_with(PAID, PAYMENT, INTENT, VISA, *refunds), NOW)]


def test_one_new_refund_covers_one_of_two_failed_refunds() -> None:
    second = replace(REFUND_FAILED, id="re_3", created=REFUND.created + 60)
    assert len(failed_refund_amounts(REFUND_FAILED, second, AGAIN)) == 1
    assert failed_refund_amounts(REFUND_FAILED, second, AGAIN, replace(AGAIN, id="re_4")) == []


def test_a_new_refund_covers_the_failed_refund_of_the_same_amount() -> None:
    other_refund = replace(REFUND_FAILED, id="re_3", amount=1000, created=REFUND.created - 60)
    assert failed_refund_amounts(REFUND_FAILED, other_refund, AGAIN) == ["refund_failed:re_3"]
    assert failed_refund_amounts(REFUND_FAILED, other_refund, replace(AGAIN, amount=1000)) == ["refund_failed:re_1"]


def test_a_second_failed_refund_of_the_same_amount_replaces_the_first_in_the_list() -> None:
    failed_too = replace(AGAIN, status="failed", as_of=NOW + 11 * DAY, seen={"failed": NOW + 11 * DAY})
    assert failed_refund_amounts(REFUND_FAILED, failed_too) == ["refund_failed:re_2"]
    assert failed_refund_amounts(REFUND_FAILED, failed_too, replace(AGAIN, id="re_3", created=NOW + 12 * DAY)) == []


def test_a_failed_refund_is_not_listed_while_the_bank_decides_who_gets_its_payment() -> None:
    invoice = invoice_with(PAID, PAYMENT, INTENT, VISA, replace(DISPUTE, amount=1000), REFUND_FAILED)
    assert only_reason(invoice).kind is AttentionKind.DISPUTE_NEEDS_RESPONSE


def test_an_invoice_is_indexed_by_its_latest_dispute_if_it_has_two() -> None:
    invoice = invoice_with(PAID, PAYMENT, INTENT, VISA, DISPUTE, replace(DISPUTE, id="du_2", created=NOW + 6 * DAY))
    assert len(invoice_attention(invoice, NOW)) == 2
    assert index_entry(invoice) == (AttentionKind.DISPUTE_NEEDS_RESPONSE, NOW + 6 * DAY)


def test_an_invoice_with_an_earlier_dispute_and_a_later_failed_payment_is_indexed_by_the_dispute() -> None:
    invoice = invoice_with(OPEN, TRIED, replace(DECLINED, created=NOW + 8 * DAY), DISPUTE)
    assert {item.kind for item in invoice_attention(invoice, NOW)} == {
        AttentionKind.DISPUTE_NEEDS_RESPONSE, AttentionKind.PAYMENT_FAILED,
    }  # fmt: skip
    assert index_entry(invoice) == (AttentionKind.DISPUTE_NEEDS_RESPONSE, DISPUTE.opened_at)


def test_an_invoice_with_a_dispute_in_an_unknown_currency_can_be_stored() -> None:
    strange, disputed = replace(DISPUTE, currency="xxx"), AttentionKind.DISPUTE_NEEDS_RESPONSE
    assert index_entry(invoice_with(PAID, PAYMENT, INTENT, VISA, strange)) == (disputed, DISPUTE.opened_at)


def overdue(now: int, *facts: Any, zone: str = "UTC", **changes: Any) -> Invoice:
    """Returns an invoice due on 17 January 2027, as it was stored at `now`."""
    invoice = invoice_with(replace(OPEN, due_at=NOW + 2 * DAY), *facts, **changes)
    return replace(invoice, order=replace(invoice.order, time_zone=zone)).changed(now)


def test_an_invoice_is_listed_once_it_has_been_overdue_for_the_configured_days() -> None:
    assert overdue_item(overdue(NOW + 15 * DAY), 14, NOW + 15 * DAY) is None
    item = overdue_item(overdue(NOW + 16 * DAY), 14, NOW + 16 * DAY)
    assert item is not None
    assert (item.id, item.due_by) == ("invoice_overdue:inv_a", NOW + 2 * DAY)
    assert item.at == int(dt.datetime(2027, 1, 31, tzinfo=dt.UTC).timestamp())
    assert item.message == (
        "75.00 USD of invoice A-0001 over 75.00 USD is still to be paid. It was due on 17 January 2027, 14 days ago."
    )
    assert item.next_step.startswith("Remind the customer")


def test_days_since_the_due_date_are_counted_in_the_time_zone_of_the_order() -> None:
    evening = int(dt.datetime(2027, 1, 31, 3, tzinfo=dt.UTC).timestamp())  # Still 30 January in Phoenix.
    assert overdue_item(overdue(evening), 14, evening) is not None
    assert overdue_item(overdue(evening, zone="America/Phoenix"), 14, evening) is None


@pytest.mark.parametrize(
    "invoice",
    [
        overdue(NOW + 30 * DAY, TRIED, DECLINED),
        overdue(NOW + 30 * DAY, acts=(ORDERED, REFUSED)),
        overdue(NOW + 30 * DAY, UNDER_WAY),
        invoice_with(replace(PAID, due_at=NOW + 2 * DAY), PAYMENT, INTENT).changed(NOW + 30 * DAY),
        invoice_with(replace(OPEN, due_at=NOW + 2 * DAY)),
    ],
    ids=["its payment failed", "it was not sent", "its debit is on its way", "it is paid", "not stored as overdue"],
)
def test_an_invoice_listed_for_another_reason_is_not_listed_as_overdue_too(invoice: Invoice) -> None:
    assert overdue_item(invoice, 14, NOW + 30 * DAY) is None

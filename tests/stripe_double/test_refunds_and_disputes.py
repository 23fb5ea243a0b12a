"""Refunds, disputes and credit notes."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from infra.stripe_double import DAY


def paid(company: Any, method: str = "pm_card_visa") -> Any:
    invoice = company.open()
    company.pay(invoice, method)
    return invoice


def refund(company: Any, invoice: Any, **params: Any) -> Any:
    return company.v1.refunds.create({"payment_intent": company.intent(invoice).id, **params}, company.opts)


def refused(call: Any, *args: Any, **kwargs: Any) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(*args, **kwargs)
    return caught.value


def test_refunds_add_up_on_the_charge_and_leave_the_invoice_paid(company: Any) -> None:
    invoice = paid(company)

    first = refund(company, invoice, amount=4_000, reason="requested_by_customer")
    partly = company.charge(invoice)
    second = refund(company, invoice)
    charge_object = company.charge(invoice)

    assert (first.status, second.amount) == ("succeeded", 6_000)
    assert (partly.amount_refunded, partly.refund_counts) == (4_000, False)
    assert (charge_object.amount_refunded, charge_object.refund_counts) == (10_000, True)
    assert (company.get(invoice).status, company.get(invoice).amount_paid) == ("paid", 10_000)
    assert company.types()[-4:] == ["refund.created", "charge.refunded"] * 2
    refunds = company.v1.refunds.list({"payment_intent": company.intent(invoice).id}, company.opts)
    assert [r.id for r in refunds.data] == [second.id, first.id]


def test_no_more_than_the_charge_can_be_refunded(company: Any) -> None:
    invoice = paid(company)

    assert refused(refund, company, invoice, amount=10_001).param == "amount"
    refund(company, invoice)
    assert refused(refund, company, invoice).code == "charge_already_refunded"
    nothing = refused(company.v1.refunds.create, {"reason": "duplicate"}, company.opts)
    assert (nothing.code, nothing.param) == (None, None)


def test_an_unpaid_invoice_has_nothing_to_refund(company: Any) -> None:
    assert refused(refund, company, company.open()).code == "payment_intent_unexpected_state"


def test_a_refund_that_succeeded_fails_days_later_and_its_money_returns(company: Any) -> None:
    invoice = paid(company, "pm_card_refundFail")
    refund_object = refund(company, invoice)

    company.double.advance(5 * DAY + 1)

    after = company.v1.refunds.retrieve(refund_object.id, None, company.opts)
    assert (refund_object.status, after.status, after.failure_reason) == (
        "succeeded",
        "failed",
        "expired_or_canceled_card",
    )
    assert company.charge(invoice).amount_refunded == 0
    assert [e.type for e in company.events("refund.*", "charge.refund.*")][1:] == [
        "refund.updated", "charge.refund.updated", "refund.failed",
    ]  # fmt: skip


def test_a_pending_refund_settles_later_or_by_control(company: Any) -> None:
    first, second = paid(company, "pm_card_pendingRefund"), paid(company, "000123456789")
    company.double.settle_debit(company.account, company.intent(second).id)
    slow, settled_by_control = refund(company, first), refund(company, second)

    company.double.settle_refund(company.account, settled_by_control.id)
    company.double.advance(5 * DAY + 1)

    assert (slow.status, slow.pending_reason, settled_by_control.status) == ("pending", "processing", "pending")
    for refund_object in (slow, settled_by_control):
        assert company.v1.refunds.retrieve(refund_object.id, None, company.opts).status == "succeeded"


def test_a_refund_can_fail_weeks_later_by_control_or_be_canceled(company: Any) -> None:
    late, canceled = refund(company, paid(company)), refund(company, paid(company, "pm_card_pendingRefund"))

    company.double.settle_refund(company.account, late.id, outcome="failed", reason="lost_or_stolen_card")
    company.double.settle_refund(company.account, canceled.id, outcome="canceled")

    assert company.v1.refunds.retrieve(late.id, None, company.opts).failure_reason == "lost_or_stolen_card"
    assert company.v1.refunds.retrieve(canceled.id, None, company.opts).status == "canceled"


def test_a_card_that_always_disputes_takes_the_money_at_once(company: Any) -> None:
    invoice = paid(company, "pm_card_createDispute")

    (dispute,) = company.v1.disputes.list({"payment_intent": company.intent(invoice).id}, company.opts).data

    assert (dispute.status, dispute.amount, dispute.reason) == ("needs_response", 10_000, "fraudulent")
    assert company.charge(invoice).disputed is True
    assert [e.type for e in company.events("charge.dispute.*")] == [
        "charge.dispute.created", "charge.dispute.funds_withdrawn",
    ]  # fmt: skip
    assert refused(refund, company, invoice).code == "charge_disputed"


@pytest.mark.parametrize(("evidence", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_evidence_decides_a_dispute(company: Any, evidence: str, status: str) -> None:
    invoice = paid(company, "pm_card_createDispute")
    (dispute,) = company.v1.disputes.list(None, company.opts).data

    submitted = company.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": evidence}}, company.opts)

    assert submitted.status == "under_review"
    assert company.types()[-2:] == ["charge.dispute.updated", "charge.updated"]
    company.double.advance(company.double.config.evidence_seconds)
    after = company.v1.disputes.retrieve(dispute.id, None, company.opts)
    assert (after.status, after.is_charge_refundable) == (status, status == "won")
    assert ("charge.dispute.funds_reinstated" in company.types()) is (status == "won")
    assert company.types()[-1] == "charge.dispute.closed"
    closed_again = refused(company.v1.disputes.close, dispute.id, None, company.opts)
    assert (closed_again.code, str(closed_again.user_message)) == (None, "This dispute is already closed")
    assert company.get(invoice).status == "paid"


def test_evidence_turns_an_inquiry_into_a_dispute_that_takes_the_money(company: Any) -> None:
    paid(company, "pm_card_createDisputeInquiry")
    (inquiry,) = company.v1.disputes.list(None, company.opts).data
    assert inquiry.payment_method_details.card.network_reason_code == "10"
    text = {"uncategorized_text": "escalate_inquiry_evidence"}

    submitted = company.v1.disputes.update(inquiry.id, {"evidence": text}, company.opts)
    company.double.advance(company.double.config.evidence_seconds)

    after = company.v1.disputes.retrieve(inquiry.id, None, company.opts)
    assert (submitted.status, after.status) == ("warning_under_review", "needs_response")
    assert "charge.dispute.funds_withdrawn" in company.types()


def test_a_dispute_closed_after_its_evidence_is_not_decided_by_the_evidence(company: Any) -> None:
    paid(company, "pm_card_createDispute")
    (dispute,) = company.v1.disputes.list(None, company.opts).data
    text = {"uncategorized_text": "winning_evidence"}
    company.v1.disputes.update(dispute.id, {"evidence": text}, company.opts)

    company.v1.disputes.close(dispute.id, None, company.opts)
    company.double.advance(company.double.config.evidence_seconds)

    assert company.v1.disputes.retrieve(dispute.id, None, company.opts).status == "lost"


def test_a_card_that_disputes_is_disputed_before_its_intent_has_succeeded(company: Any) -> None:
    paid(company, "pm_card_createDispute")

    types = [t for t in company.types() if t.startswith("charge.") or t == "payment_intent.succeeded"]

    assert types == [
        "charge.succeeded", "charge.dispute.created", "charge.dispute.funds_withdrawn", "payment_intent.succeeded",
    ]  # fmt: skip


def test_a_dispute_moves_by_control_and_by_close(company: Any) -> None:
    invoice = paid(company)
    charge = company.charge(invoice).id
    inquiry = company.double.open_dispute(company.account, charge, reason="inquiry")

    company.double.move_dispute(company.account, inquiry["id"], "warning_closed")
    chargeback = company.double.open_dispute(company.account, charge, amount=5_000)
    company.double.move_dispute(company.account, chargeback["id"], "under_review")
    company.v1.disputes.close(chargeback["id"], None, company.opts)

    statuses = [d.status for d in company.v1.disputes.list({"charge": charge}, company.opts).data]
    assert statuses == ["lost", "warning_closed"]
    assert len(company.events("charge.dispute.funds_withdrawn")) == 1


def test_a_credit_note_lowers_an_open_invoice_until_nothing_is_due(company: Any) -> None:
    invoice = company.open()

    note = company.v1.credit_notes.create(
        {"invoice": invoice.id, "amount": 4_000, "reason": "order_change"}, company.opts
    )
    lowered = company.get(invoice)
    amount_requested = company.intent(invoice).amount
    company.v1.credit_notes.create({"invoice": invoice.id, "amount": 6_000}, company.opts)
    done = company.get(invoice)

    assert (note.type, note.status, note.pre_payment_amount) == ("pre_payment", "issued", 4_000)
    assert (lowered.total, lowered.amount_due, lowered.amount_remaining, amount_requested) == (
        10_000,
        6_000,
        6_000,
        6_000,
    )
    assert (done.status, done.amount_paid, done.pre_payment_credit_notes_amount) == ("paid", 0, 10_000)


def test_a_credit_note_is_voided_while_the_invoice_is_open(company: Any) -> None:
    invoice = company.open()
    note = company.v1.credit_notes.create({"invoice": invoice.id, "amount": 4_000}, company.opts)

    company.v1.credit_notes.void_credit_note(note.id, None, company.opts)

    assert company.get(invoice).amount_remaining == 10_000
    assert refused(company.v1.credit_notes.void_credit_note, note.id, None, company.opts).http_status == 400


def test_a_credit_note_on_a_paid_invoice_says_where_the_money_goes(company: Any) -> None:
    invoice = paid(company)
    create = company.v1.credit_notes.create

    assert refused(create, {"invoice": invoice.id, "amount": 5_000}, company.opts).param == "refund_amount"
    note = create(
        {
            "invoice": invoice.id,
            "amount": 5_000,
            "refund_amount": 3_000,
            "credit_amount": 1_500,
            "out_of_band_amount": 500,
        },
        company.opts,
    )

    assert (note.type, note.refunds[0].amount_refunded) == ("post_payment", 3_000)
    assert company.charge(invoice).amount_refunded == 3_000
    assert company.v1.customers.retrieve(invoice.customer, None, company.opts).balance == -1_500
    assert company.get(invoice).post_payment_credit_notes_amount == 5_000
    assert company.types()[-1] == "credit_note.created"


def test_a_refund_says_why_it_was_made_and_carries_metadata(company: Any) -> None:
    invoice = paid(company)

    refund_object = refund(company, invoice, amount=500, reason="duplicate", metadata={"order": "7"})
    refunds = company.v1.refunds.list({"charge": company.charge(invoice).id}, company.opts).data

    assert [(r.id, r.reason, r.metadata.to_dict()) for r in refunds] == [
        (refund_object.id, "duplicate", {"order": "7"})
    ]
    assert refused(refund, company, invoice, reason="boredom").param == "reason"


def test_a_refund_with_the_same_idempotency_key_is_made_once(company: Any) -> None:
    invoice = paid(company)
    keyed = {**company.opts, "idempotency_key": f"refund-{invoice.id}"}
    ordered = {"payment_intent": company.intent(invoice).id, "amount": 500}

    first, second = (company.v1.refunds.create(ordered, keyed) for _ in range(2))

    assert first.id == second.id
    assert company.charge(invoice).amount_refunded == 500
    refund_object = company.events("refund.created")
    assert [e.request.idempotency_key for e in refund_object] == [keyed["idempotency_key"]]


def test_a_refund_that_is_too_large_says_both_amounts(company: Any) -> None:
    error = refused(refund, company, paid(company), amount=10_001)

    assert "Refund amount ($100.01) is greater than unrefunded amount on charge ($100.00)" in str(error)
    assert (error.code, error.param) == (None, "amount")


def test_a_balance_that_is_too_low_covers_no_refund(company: Any) -> None:
    invoice = paid(company)
    company.double.update_account(company.account, covers_refunds=False)

    error = refused(refund, company, invoice)
    company.double.update_account(company.account, covers_refunds=True)

    assert (error.code, error.json_body["error"]["message_code"]) == (None, "insufficient_balance_for_refund")
    assert refund(company, invoice).status == "succeeded"


def test_a_bank_debit_cannot_be_refunded_before_it_arrives_nor_half_a_year_later(company: Any) -> None:
    invoice = paid(company, "000123456789")
    early = refused(refund, company, invoice)
    charge = company.charge(invoice)
    by_charge = refused(company.v1.refunds.create, {"charge": charge.id}, company.opts)

    company.double.settle_debit(company.account, company.intent(invoice).id)
    company.double.advance(181 * DAY)

    assert (early.code, by_charge.code) == ("payment_intent_unexpected_state", "charge_not_refundable")
    assert refused(refund, company, invoice).code == "charge_not_refundable"

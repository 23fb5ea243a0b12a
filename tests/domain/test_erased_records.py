"""Erasing removes personal data from each record; amounts, dates, numbers and ids stay."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.domain.actions import CREATED, SEND_REFUSED, Action
from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.batch import BatchItem, ItemStatus
from chalicelib.domain.batch_errors import ItemError
from chalicelib.domain.billing import Service
from chalicelib.domain.customer import MAX_FORMER
from chalicelib.domain.customer_fields import Field, InStep, Profile
from chalicelib.domain.customer_link import StripeLink
from chalicelib.domain.draft_details import DraftDetails
from chalicelib.domain.erased_facts import facts_without_person
from chalicelib.domain.erased_records import (
    batch_item_without_person,
    customer_without_person,
    invoice_without_person,
    movement_without_person,
    payout_line_without_person,
    settlement_without_person,
)
from chalicelib.domain.erasure import ERASED_TEXT, Erasure, ErasureStatus, InStripe
from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.identifiers import CustomerId, ServiceId, UserId
from chalicelib.domain.intended_act import MARKED_PAID, IntendedAct
from chalicelib.domain.order import Deduction, DeductionKind
from chalicelib.domain.outside_payment import METHODS, OutsidePayment, way_of
from chalicelib.domain.payment_facts import ChargeFact
from chalicelib.domain.saga import DraftTags, Refusal
from chalicelib.domain.snapshots import Snapshots
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import invoice_write
from tests.contracts.examples import (
    ACCOUNT,
    NOW,
    balance_transaction,
    customer,
    in_status,
    invoice,
    payment,
    payout_line,
)

STRIPE_INVOICE = InvoiceFact(
    "in_1", NOW, "paid", 7500, 7500, 0, "usd", number="A-0001", hosted_url="https://pay", pdf_url="https://pdf",
    finalized_at=NOW, paid_at=NOW, customer_email="ann@example.test",
    drafted_details=DraftDetails("memo", "footer", (), (("Gate", "12"),)),
)  # fmt: skip
CHARGE = ChargeFact(
    "ch_1", NOW, "succeeded", 7500, "usd", NOW, "pi_1", method="card", brand="visa", last4="4242", expires="2027-04",
    receipt_url="https://receipt",
)  # fmt: skip
FACTS = Snapshots(
    STRIPE_INVOICE, {"in_0": replace(STRIPE_INVOICE, id="in_0", status="void")}, charges={"ch_1": CHARGE}
)


def test_erasing_facts_removes_the_address_links_texts_and_the_card() -> None:
    erased = facts_without_person(FACTS)
    nobody = {"customer_email": None, "hosted_url": None, "pdf_url": None, "drafted_details": None}
    assert erased.invoice == replace(STRIPE_INVOICE, **nobody)
    assert erased.revisions == {"in_0": replace(STRIPE_INVOICE, id="in_0", status="void", **nobody)}
    [charge] = erased.charges.values()
    assert charge == replace(CHARGE, brand=None, last4=None, expires=None, receipt_url=None)
    assert charge.receipt_url is None  # links are left out of comparisons


def test_an_erased_invoice_keeps_only_the_fields_needed_for_accounting() -> None:
    original = in_status(invoice(), InvoiceStatus.PAID)
    check = OutsidePayment(dt.date(2027, 1, 5), "bank_transfer", "from Ann", NOW, UserId("user_1"), "in_1")
    order = replace(
        original.order, memo="Ann", footer="Lee", deductions=(Deduction(DeductionKind.CREDIT, "Ann's key", 100),)
    )
    original = replace(
        original,
        order=order,
        facts=FACTS,
        details_as_made=DraftDetails("memo"),
        outside_payment=check,
        intended=(IntendedAct(MARKED_PAID, NOW, "in_1", reason="bank transfer from Ann", payment=check),),
        actions=(
            Action(NOW, CREATED, "user_1"),
            Action(NOW, MARKED_PAID, "user_1", "bank transfer from Ann"),
            Action(NOW, SEND_REFUSED, reason="stripe_refused"),
        ),
        saga=replace(
            original.saga,
            refusal=Refusal("stripe_refused", "No such address: ann@example.test"),
            drafted=DraftTags("a", "b"),
        ),
    )
    erased = invoice_without_person(original, NOW + 9)
    [line] = erased.order.line_items
    assert line == replace(original.order.line_items[0], description=ERASED_TEXT)
    assert erased.order.deductions == (Deduction(DeductionKind.CREDIT, ERASED_TEXT, 100),)
    assert (erased.order.memo, erased.order.footer, erased.order.fingerprint) == (None, None, "")
    assert (erased.order.total, erased.total, erased.status) == (
        original.order.total,
        original.total,
        original.status,
    )
    assert erased.outside_payment == replace(check, reference=None)
    assert [act.payment for act in erased.intended] == [replace(check, reference=None)]
    assert [act.reason for act in erased.actions] == [None, "bank transfer", "stripe_refused"]
    assert [(act.at, act.kind, act.actor) for act in erased.actions] == [
        (act.at, act.kind, act.actor) for act in original.actions
    ]
    assert erased.saga.refusal == Refusal("stripe_refused", ERASED_TEXT)
    assert (erased.saga.drafted, erased.details_as_made, erased.erased_at) == (None, None, NOW + 9)
    assert "ann" not in repr(erased).lower()
    assert invoice_without_person(erased, NOW + 99) == erased


@pytest.mark.parametrize("method", METHODS)
def test_the_reason_of_a_payment_by_hand_keeps_its_method(method: str) -> None:
    for reason in (way_of(method), f"{way_of(method)} No. 1042"):
        marked_paid = replace(invoice(), actions=(Action(NOW, MARKED_PAID, reason=reason),))
        assert [act.reason for act in invoice_without_person(marked_paid, NOW).actions] == [way_of(method)]


def test_personal_data_merged_into_an_erased_invoice_is_removed_again() -> None:
    original = replace(in_status(invoice(), InvoiceStatus.PAID), stripe_invoice_id="in_1")
    erased = invoice_without_person(original, NOW)
    merged = erased.knowing(replace(STRIPE_INVOICE, as_of=NOW + 1)).knowing(CHARGE)
    assert merged.facts == facts_without_person(merged.facts)
    assert merged.facts.charges["ch_1"].amount == 7500
    written = replace(merged, order=replace(merged.order, memo="Ann"), facts=FACTS)
    assert invoice_write(written, erased).invoice == invoice_without_person(written, NOW)
    assert invoice_write(replace(original, facts=FACTS)).invoice.facts == FACTS


def test_an_erased_customer_becomes_a_tombstone_with_its_stripe_id() -> None:
    link = StripeLink(ACCOUNT, "cus_1", 3, {Field.EMAIL: InStep("ann@example.test")}, claims=True)
    erasure = Erasure(UserId("user_1"), NOW, InStripe.KEEP)
    original = customer(
        "a",
        profile=Profile("Ann", "Lee", email="ann@example.test"),
        link=link,
        sync_error="No such address: ann@example.test",
        unlinked_emails=("ann@example.test",),
        candidates=("cus_2",),
        from_stripe=(Field.EMAIL,),
        former_stripe_ids=tuple(f"cus_{n}" for n in range(MAX_FORMER)),
        last_choice="cus_2",
        search_spellings=True,
        erasure=erasure,
    )
    erased = customer_without_person(original, NOW + 9)
    assert erased.profile == Profile()
    assert erased.link == replace(link, in_step={})
    assert (erased.claim_of_link, erased.former_stripe_ids) == (original.claim_of_link, original.former_stripe_ids)
    assert erased.erasure == replace(erasure, erased_at=NOW + 9)
    assert "ann" not in repr(erased).lower()
    assert customer_without_person(erased, NOW + 9) == erased


def test_an_erasure_passes_from_waiting_through_erasing_to_finished() -> None:
    erasure = Erasure(UserId("user_1"), NOW, InStripe.KEEP)
    steps = [erasure, replace(erasure, erased_at=NOW), replace(erasure, erased_at=NOW, finished_at=NOW)]
    assert [each.status for each in steps] == [ErasureStatus.WAITING, ErasureStatus.ERASING, ErasureStatus.ERASED]


def test_an_erased_row_loses_its_card_and_reference_and_keeps_stripes_reason() -> None:
    assert movement_without_person(payment(reason="duplicate")) == payment(brand=None, last4=None, reason="duplicate")
    by_hand = payment(method="check", reason="No. 1042 from Ann", brand=None, last4=None)
    assert movement_without_person(by_hand) == replace(by_hand, reason=None)


def test_erased_settlements_and_lines_of_payouts_lose_their_description() -> None:
    transaction = balance_transaction(description="Ann Lee")
    assert settlement_without_person(Settlement(transaction, "po_1")) == Settlement(balance_transaction(), "po_1")
    assert payout_line_without_person(payout_line(description="Ann Lee")) == payout_line()


def test_an_erased_item_of_a_batch_keeps_its_outcome_and_its_error_code() -> None:
    error = ItemError("email_invalid", "ann@ is no address", "email", "Correct ann@", others=(ItemError("x", "Ann"),))
    item = BatchItem(
        1,
        CustomerId("cust_1"),
        (Service(ServiceId("svc_1"), "Ann's pool", Decimal(1), Decimal(5)),),
        profile=Profile("Ann"),
        left_out=(Field.PHONE,),
        status=ItemStatus.FAILED,
        error=error,
        round=2,
        version=3,
    )
    bare = BatchItem(1, CustomerId("cust_1"), status=ItemStatus.FAILED, round=2, version=3)
    erased_error = ItemError("email_invalid", ERASED_TEXT, "email", None, others=(ItemError("x", ERASED_TEXT),))
    assert batch_item_without_person(item) == replace(bare, error=erased_error)
    assert batch_item_without_person(replace(bare, error=None)) == bare

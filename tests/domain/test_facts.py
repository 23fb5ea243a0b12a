"""Facts merge to the same result in any order and with any repetition."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.facts import InvoiceFact, StripeFact
from chalicelib.domain.failures import FailureReason
from chalicelib.domain.merging import CannotOrder, newer, prefer_fetched, same_content
from chalicelib.domain.payment_facts import (
    ChargeFact,
    DisputeFact,
    InvoicePaymentFact,
    PaymentFailure,
    PaymentIntentFact,
    RefundFact,
)
from chalicelib.domain.snapshots import Snapshots

SECONDS = st.integers(100, 103)
AMOUNTS = st.sampled_from([0, 500])

invoices = st.builds(
    InvoiceFact,
    id=st.just("in_1"),
    as_of=SECONDS,
    status=st.sampled_from(["draft", "open", "uncollectible", "paid", "void"]),
    total=st.just(500),
    amount_paid=AMOUNTS,
    amount_remaining=AMOUNTS,
    currency=st.just("usd"),
    deleted=st.sampled_from([False, False, False, True]),
)
revisions = st.builds(
    lambda number, **more: InvoiceFact(id=f"in_{number}", from_invoice_id=f"in_{number - 1}", **more),
    number=st.sampled_from([2, 3]),
    as_of=SECONDS,
    status=st.sampled_from(["draft", "open", "paid", "void"]),
    total=st.just(500),
    amount_paid=AMOUNTS,
    amount_remaining=AMOUNTS,
    currency=st.just("usd"),
    finalized_at=st.sampled_from([None, 100]),
    latest_revision_id=st.sampled_from([None, "in_3"]),
)
intents = st.builds(
    PaymentIntentFact,
    id=st.sampled_from(["pi_1", "pi_2"]),
    as_of=SECONDS,
    status=st.sampled_from(["requires_payment_method", "processing", "succeeded", "canceled"]),
    amount=st.just(500),
    currency=st.just("usd"),
    failure=st.sampled_from([None, PaymentFailure(FailureReason.EXPIRED_CARD)]),
)
charges = st.builds(
    ChargeFact,
    id=st.sampled_from(["ch_1", "ch_2"]),
    as_of=SECONDS,
    status=st.sampled_from(["pending", "succeeded", "failed"]),
    amount=st.just(500),
    currency=st.just("usd"),
    created=st.just(100),
)
refunds = st.builds(
    RefundFact,
    id=st.sampled_from(["re_1", "re_2"]),
    as_of=SECONDS,
    status=st.sampled_from(["pending", "requires_action", "succeeded", "failed", "canceled"]),
    amount=st.just(500),
    currency=st.just("usd"),
    created=st.just(100),
)
disputes = st.builds(
    DisputeFact,
    id=st.just("du_1"),
    as_of=SECONDS,
    status=st.sampled_from(["warning_needs_response", "needs_response", "under_review", "won", "lost"]),
    amount=st.just(500),
    currency=st.just("usd"),
)
payments = st.builds(
    InvoicePaymentFact,
    id=st.just("inpay_1"),
    as_of=SECONDS,
    status=st.sampled_from(["open", "paid", "canceled"]),
    stripe_invoice_id=st.just("in_1"),
    amount_paid=AMOUNTS,
    currency=st.just("usd"),
)
facts = st.one_of(invoices, revisions, intents, charges, refunds, disputes, payments)


def merge_all(facts_in_order: Sequence[StripeFact], truth: dict[str, StripeFact]) -> Snapshots:
    """Merges facts as applying events does. A fact that cannot be ordered is replaced by Stripe's latest from
    `truth`.
    """

    return reduce(lambda snapshots, fact: merge_or_read(snapshots, fact, truth), facts_in_order, Snapshots())


def merge_or_read(snapshots: Snapshots, fact: StripeFact, truth: dict[str, StripeFact]) -> Snapshots:
    try:
        return snapshots.merge(fact)
    except CannotOrder as doubt:
        return snapshots.merge(truth[doubt.fact.id], prefer_fetched)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[StripeFact], dict[str, StripeFact]]:
    """Draws the snapshots that objects could have had in Stripe: neither time nor a lifecycle goes back."""
    history: list[StripeFact] = []
    truth: dict[str, StripeFact] = {}
    for kind in (invoices, revisions, intents, charges, refunds, disputes, payments):
        for fact in sorted(draw(st.lists(kind, max_size=4)), key=lambda fact: fact.as_of):
            before = truth.get(fact.id)
            if before is None or before.precedence <= fact.precedence:
                truth[fact.id] = fact
                history.append(fact)
    return history, truth


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_facts_merges_to_stripes_state(history, random) -> None:
    happened, truth = history
    expected = reduce(
        lambda snapshots, fact: snapshots.merge(fact, prefer_fetched), truth.values(), Snapshots()
    ).without_times
    assert merge_all(happened, truth).without_times == expected
    shuffled = happened + random.choices(happened, k=len(happened)) if happened else []
    random.shuffle(shuffled)
    assert merge_all(shuffled, truth).without_times == expected


def merge_without_repeats(facts_in_order: Sequence[StripeFact], truth: dict[str, StripeFact]) -> Snapshots:
    """Merges facts as applying events does: a fact that adds nothing is not stored."""
    snapshots = Snapshots()
    for fact in facts_in_order:
        merged_snapshots = merge_or_read(snapshots, fact, truth)
        snapshots = snapshots if merged_snapshots.adds_nothing_to(snapshots) else merged_snapshots
    return snapshots


def without_impossible_changes(history: Sequence[StripeFact]) -> tuple[list[StripeFact], dict[str, StripeFact]]:
    """Removes the changes that Stripe never makes: a final status changes only to a later stage."""
    possible: list[StripeFact] = []
    truth: dict[str, StripeFact] = {}
    for fact in history:
        before = truth.get(fact.id)
        same_stage = before is not None and before.precedence[0] == fact.precedence[0]
        if before is None or not (before.final and same_stage) or same_content(before, fact):
            possible.append(fact)
            truth[fact.id] = fact
    return possible, truth


@given(histories(), st.randoms(use_true_random=False))
def test_skipping_facts_without_news_merges_to_the_same_state(history, random) -> None:
    """An object may change and change back. If a later equal snapshot were not stored, a late event would win."""
    happened, truth = without_impossible_changes(history[0])
    expected = reduce(
        lambda snapshots, fact: snapshots.merge(fact, prefer_fetched), truth.values(), Snapshots()
    ).without_times
    shuffled = happened + random.choices(happened, k=len(happened)) if happened else []
    random.shuffle(shuffled)
    assert merge_without_repeats(shuffled, truth).without_times == expected


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize(
    "changes",
    [
        [DisputeFact("du_1", at, status, 500, "usd") for at, status in enumerate(("a", "b", "a"), 100)],
        [InvoiceFact("in_1", at, "open", 500, 0, due, "usd") for at, due in ((100, 500), (101, 300), (102, 500))],
        [
            PaymentIntentFact("pi_1", at, status, 500, "usd")
            for at, status in ((100, "requires_action"), (101, "processing"), (102, "requires_action"))
        ],
    ],
    ids=["dispute", "invoice", "intent"],
)
def test_an_object_that_changed_and_changed_back_ends_as_stripe_has_it(
    changes: list[StripeFact], order: tuple[int, ...]
) -> None:
    truth = changes[-1]
    snapshots = merge_without_repeats([changes[place] for place in order], {truth.id: truth})
    assert snapshots.says(truth)


def test_a_final_fact_that_is_read_again_adds_nothing() -> None:
    succeeded = ChargeFact("ch_1", 100, "succeeded", 500, "usd", 100)
    snapshots = Snapshots().merge(succeeded)
    assert snapshots.merge(replace(succeeded, as_of=200)).adds_nothing_to(snapshots)


@given(facts, facts)
def test_merging_is_commutative_or_raises_cannot_order(first: StripeFact, second: StripeFact) -> None:
    def outcome(*pair: StripeFact) -> Snapshots | str:
        try:
            return reduce(Snapshots.merge, pair, Snapshots())
        except CannotOrder as doubt:
            return doubt.fact.id

    assert outcome(first, second) == outcome(second, first)


@given(st.lists(facts, min_size=3, max_size=3))
def test_merging_is_associative_unless_the_order_is_unknown(three: list[StripeFact]) -> None:
    results = set()
    for order in itertools.permutations(three):
        try:
            snapshots = reduce(Snapshots.merge, order, Snapshots())
        except CannotOrder:
            return
        results.add(str([snapshots.invoice, *(sorted(map(str, each.values())) for each in collections(snapshots))]))
    assert len(results) == 1


def collections(snapshots: Snapshots) -> list[dict[str, StripeFact]]:
    names = ("payment_intents", "charges", "refunds", "disputes", "payments")
    return [dict(getattr(snapshots, name)) for name in names]


@given(st.lists(facts, max_size=6), facts)
def test_merging_a_known_fact_changes_nothing(before: list[StripeFact], fact: StripeFact) -> None:
    try:
        snapshots = reduce(Snapshots.merge, before, Snapshots()).merge(fact)
    except CannotOrder:
        return
    assert snapshots.merge(fact) == snapshots


@given(facts, facts)
def test_the_later_read_fact_is_preferred_unless_its_lifecycle_would_go_back(
    stored_fact: StripeFact, read_fact: StripeFact
) -> None:
    if stored_fact.id != read_fact.id:
        return
    preferred = prefer_fetched(stored_fact, read_fact)
    assert replace(preferred, as_of=0) in (replace(stored_fact, as_of=0), replace(read_fact, as_of=0))
    assert preferred.as_of >= stored_fact.as_of
    if read_fact.precedence >= stored_fact.precedence:
        assert replace(preferred, as_of=0) == replace(read_fact, as_of=0)
    assert prefer_fetched(preferred, read_fact) == preferred


INVOICE = InvoiceFact("in_1", 100, "open", 500, 0, 500, "usd")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("draft", "open"),
        ("open", "uncollectible"),
        ("uncollectible", "paid"),
        ("uncollectible", "void"),
        ("open", "paid"),
        ("open", "void"),
    ],
)
def test_an_invoices_lifecycle_never_goes_back_whatever_its_timestamps(earlier: str, later: str) -> None:
    old, new = replace(INVOICE, status=earlier, as_of=200), replace(INVOICE, status=later, as_of=100)
    assert newer(old, new) == newer(new, old) == new


def test_a_later_read_never_sets_a_lifecycle_back() -> None:
    """Stripe may respond from a replica that lags behind."""
    paid, lagging = replace(INVOICE, status="paid", as_of=100), replace(INVOICE, status="open", as_of=200)
    assert prefer_fetched(paid, lagging) == paid
    assert prefer_fetched(lagging, replace(paid, as_of=50)).status == "paid"


def test_a_succeeded_refund_that_fails_weeks_later_has_failed() -> None:
    succeeded = RefundFact("re_1", 100, "succeeded", 500, "usd", 100)
    failed = replace(succeeded, status="failed", as_of=9_000_000)
    assert newer(succeeded, failed) == newer(failed, succeeded) == failed


def test_a_new_attempt_after_a_failure_is_processing() -> None:
    failed = PaymentIntentFact("pi_1", 100, "requires_payment_method", 500, "usd")
    trying = replace(failed, status="processing", as_of=101)
    assert newer(failed, trying) == newer(trying, failed) == trying


def test_a_lost_dispute_can_be_appealed() -> None:
    lost = DisputeFact("du_1", 100, "lost", 500, "usd")
    appealed = replace(lost, status="appeal_under_review", as_of=200)
    assert newer(lost, appealed) == newer(appealed, lost) == appealed
    assert appealed.open
    assert not lost.open


def test_two_snapshots_of_one_second_that_differ_cannot_be_ordered() -> None:
    different = replace(INVOICE, amount_paid=200, amount_remaining=300)
    for left, right in ((INVOICE, different), (different, INVOICE)):
        with pytest.raises(CannotOrder) as doubt:
            newer(left, right)
        assert doubt.value.fact.id == "in_1"
    assert prefer_fetched(INVOICE, different) == different


def test_the_same_content_read_later_only_updates_the_timestamp() -> None:
    again = replace(INVOICE, as_of=150)
    assert newer(INVOICE, again) == newer(again, INVOICE) == again


def test_an_unknown_invoice_status_has_the_same_rank_as_open() -> None:
    opened = replace(INVOICE, status="open", as_of=100)
    frozen = replace(INVOICE, status="frozen", as_of=300)
    assert newer(opened, frozen) == newer(frozen, opened) == frozen
    assert newer(frozen, replace(opened, as_of=400)).status == "open"
    assert newer(frozen, replace(opened, status="draft", as_of=400)) == frozen
    assert newer(frozen, replace(opened, status="paid", as_of=200)).status == "paid"


def test_an_unknown_refund_status_can_be_merged() -> None:
    assert newer(None, RefundFact("re_1", 1, "reversed", 5, "usd", 1)).status == "reversed"


def test_the_time_of_the_latest_failed_attempt_without_a_reason_is_stored() -> None:
    assert Snapshots().with_failed_attempt(5).with_failed_attempt(3).attempt_failed_at == 5

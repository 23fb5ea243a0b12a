"""Each story plays to its end on a double, and leaves the expected objects on the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.failures import FailureReason, failure_reason
from infra.sandbox.session import Session
from infra.sandbox.stories.cards import DECLINES
from infra.sandbox.stories.debits import FAILURES
from infra.sandbox.stories.registry import STORIES
from infra.sandbox.stories.story import Story
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import DAY
from infra.stripe_double.recordings.recording import Recording
from infra.stripe_double.recordings.replay import replay
from tests.integration.gateway_calls import API, OAUTH
from tests.sandbox.playing import BY_NAME, answers, new_session, objects_of_kind, play, statuses

MOST_REQUESTS = 170
"""Of all stories together, with the list of events."""


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_plays_to_its_end_without_the_others(story: Story) -> None:
    session = play(story.name)
    assert session.recorder.exchanges
    assert session.refusals == []
    assert {each.step.partition(":")[0] for each in session.recorder.exchanges} == {story.name}


def test_an_invoice_is_mailed_twice_and_paid_although_it_is_uncollectible() -> None:
    session = play("billing")
    (invoice,) = objects_of_kind(session, "invoice")
    assert invoice["status"] == "paid"
    assert invoice["status_transitions"]["marked_uncollectible_at"]
    assert isinstance(session.target, DoubleTarget)
    assert len(session.target.double.mails(session.account)) == 2
    assert answers(session, "billing: void refused") == [400]


def test_a_draft_is_changed_and_another_one_deleted() -> None:
    session = play("drafts")
    (invoice,) = objects_of_kind(session, "invoice")
    assert (invoice["status"], invoice["amount_paid"], invoice["attempted"]) == ("paid", invoice["total"], False)
    assert (invoice["description"], invoice["footer"], invoice["custom_fields"]) == (None, None, None)
    assert invoice["total"] == 7500 - 1000 + 620
    assert answers(session, "drafts: read after it was deleted") == [404]


def test_a_card_is_declined_for_each_reason_and_then_pays() -> None:
    session = play("cards")
    (invoice,) = objects_of_kind(session, "invoice")
    assert invoice["status"] == "paid"
    assert statuses(session, "charge") == ["failed"] * (len(DECLINES) + 1) + ["succeeded"]
    assert answers(session, "cards: waits for the bank's confirmation") == [200]


def test_cards_and_debits_fail_for_every_reason_that_pom_distinguishes() -> None:
    session = play("cards", "debits")
    errors = [
        each.body["error"] if each.status == 402 else each.body["last_payment_error"]
        for each in session.recorder.exchanges
        if each.status == 402 or (each.until == {"status": "requires_payment_method"})
    ]
    reasons = {failure_reason(each["code"], each.get("decline_code")) for each in errors}
    assert reasons == set(FailureReason)


def test_an_invoice_is_paid_in_parts() -> None:
    session = play("refunds")
    (invoice,) = objects_of_kind(session, "invoice")
    assert (invoice["status"], invoice["amount_paid"]) == ("paid", 9000)
    assert statuses(session, "invoice_payment") == ["paid"] * 3


def test_bank_debits_fail_settle_and_are_disputed() -> None:
    session = play("debits")
    failure_codes = {
        each["failure_code"] for each in objects_of_kind(session, "charge") if each["status"] == "failed"
    }
    assert len(failure_codes) == len(FAILURES)
    assert statuses(session, "charge").count("succeeded") == 2
    assert len(objects_of_kind(session, "dispute")) == 1


def test_refunds_succeed_and_fail_later() -> None:
    session = play("refunds")
    assert statuses(session, "refund") == ["failed", "failed", "succeeded"]
    assert [each.status for each in session.recorder.exchanges if each.path == "/v1/refunds"].count(400) == 2
    (pending,) = [each for each in session.recorder.exchanges if each.step == "refunds: pending refund"]
    assert pending.body["status"] == "pending"


def test_disputes_are_won_and_lost_and_one_is_an_inquiry() -> None:
    session = play("disputes")
    assert statuses(session, "dispute") == ["lost", "warning_needs_response", "won"]
    assert answers(session, "disputes: refund of a disputed payment") == [400]


def test_credit_notes_are_voided_refunded_credited_and_outside() -> None:
    session = play("credit notes")
    assert statuses(session, "credit_note") == ["issued"] * 4 + ["void"]
    assert {each["type"] for each in objects_of_kind(session, "credit_note")} == {"pre_payment", "post_payment"}
    assert [each["amount"] for each in objects_of_kind(session, "refund")] == [2000]
    assert [each["balance"] for each in objects_of_kind(session, "customer")] == [-1200]


def test_a_revision_replaces_its_original() -> None:
    session = play("revision")
    original, revision = objects_of_kind(session, "invoice")
    assert (original["status"], revision["status"]) == ("void", "open")
    assert original["latest_revision"] == revision["id"]


def test_a_balance_pays_invoices_wholly_and_in_part() -> None:
    session = play("balance")
    amounts = [(each["status"], each["amount_due"], each["total"]) for each in objects_of_kind(session, "invoice")]
    assert amounts == [("paid", 0, 0), ("paid", 0, 30), ("paid", 0, 2000), ("open", 2000, 5000)]


def test_a_deleted_customer_leaves_an_invoice() -> None:
    session = play("customers")
    assert [bool(each.get("deleted")) for each in objects_of_kind(session, "customer")] == [True, False]
    assert statuses(session, "invoice") == ["void", "void"]
    (waiting_exchange,) = [each for each in session.recorder.exchanges if each.until is not None]
    assert waiting_exchange.path == "/v1/customers/search"


def test_an_account_with_requirements_is_made_and_deleted() -> None:
    session = play("accounts")
    (creation,) = [each for each in session.recorder.exchanges if each.method == "POST"]
    assert creation.body["requirements"]["currently_due"]
    assert [each.status for each in session.recorder.exchanges if each.method == "DELETE"] == [200]


def test_money_is_booked_and_paid_out_manually() -> None:
    session = play("payouts")
    assert [(each["amount"], each["automatic"]) for each in objects_of_kind(session, "payout")] == [(1000, False)]


def test_automatic_payouts_tie_out_four_days_later() -> None:
    session = new_session(payout_schedule="daily")
    play("cards", "refunds", session=session)
    session.target.pass_time(4 * DAY)
    play("payouts later", session=session)
    lines = [each for each in session.recorder.exchanges if each.path == "/v1/balance_transactions"]
    assert [each.status for each in lines] == [200] * len(lines)
    assert lines[0].body["data"]


class Noting:
    """The gateway, noting which of its methods are called."""

    def __init__(self, gateway: Any, called_methods: set[str]) -> None:
        self._gateway, self._called = gateway, called_methods

    def __getattr__(self, name: str) -> Any:
        self._called.add(name)
        return getattr(self._gateway, name)


@pytest.fixture(scope="module")
def whole_run() -> tuple[Session, set[str], int]:
    """A run of all stories, the gateway's methods that it called, and its requests with the list of events."""
    session, called_methods = new_session(payout_schedule="daily"), set[str]()
    session.gateway = Noting(session.gateway, called_methods)  # type: ignore[assignment]
    for story in STORIES:
        play(story.name, session=session)
    list(session.gateway.events(session.account, session.began, session.now()))
    return session, called_methods, session.budget.used


def test_every_method_of_the_gateway_that_calls_stripe_is_used(whole_run: tuple[Session, set[str], int]) -> None:
    _, called_methods, _ = whole_run
    assert set(API) - called_methods == set()
    assert not set(OAUTH) & called_methods, "Promises try OAuth, because it needs a person."


def test_all_stories_together_fit_their_part_of_the_budget(whole_run: tuple[Session, set[str], int]) -> None:
    session, _, request_count = whole_run
    assert request_count <= MOST_REQUESTS
    assert session.refusals == []


def test_invoices_are_paid_by_cards_of_each_kind(whole_run: tuple[Session, set[str], int]) -> None:
    session, _, _ = whole_run
    charges = [each for each in objects_of_kind(session, "charge") if each["status"] == "succeeded"]
    cards = [each["payment_method_details"]["card"] for each in charges if each["payment_method_details"].get("card")]
    kinds = {(card["brand"], card["funding"]) for card in cards}
    assert kinds == {("visa", "credit"), ("visa", "debit"), ("amex", "credit"), ("mastercard", "prepaid")}


def test_a_new_double_gives_the_same_responses_to_the_whole_run(whole_run: tuple[Session, set[str], int]) -> None:
    session, _, _ = whole_run
    assert isinstance(session.target, DoubleTarget)
    recording = Recording(session.began, "double", session.target.accounts(), tuple(session.recorder.exchanges))
    assert replay(recording).differences == ()


def test_each_object_that_a_story_creates_has_a_mark(whole_run: tuple[Session, set[str], int]) -> None:
    session, _, _ = whole_run
    objects_without_mark = [
        (kind, each["id"])
        for kind in ("customer", "invoice", "credit_note", "payout")
        for each in objects_of_kind(session, kind)
        if not each.get("deleted")
        and not any(key in each["metadata"] for key in ("pom_organization_id", "pom_sandbox", "pom_connection_test"))
    ]
    assert objects_without_mark == []


def test_each_story_is_in_the_list() -> None:
    modules = {story.play.__module__.rpartition(".")[2] for story in STORIES}
    folder = Path("infra/sandbox/stories")
    with_stories = {path.stem for path in folder.glob("*.py") if "= Story(" in path.read_text()}
    assert modules == with_stories
    assert len(BY_NAME) == len(STORIES), "No two have one name."
    assert STORIES[-1].name == "reads"

"""Each story plays on a double to its end, and leaves on the account what it tells of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import stripe

from chalicelib.domain.errors import StripeUnavailable
from chalicelib.domain.failures import FailureReason, failure_reason
from infra.sandbox.carrying import Budget, Recorder
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.sides import DoubleSide
from infra.sandbox.stories.cards import DECLINES
from infra.sandbox.stories.debits import FAILURES
from infra.sandbox.stories.every import STORIES
from infra.sandbox.stories.payouts import DoesNotTieOut
from infra.sandbox.stories.refusals import declined, refused
from infra.sandbox.stories.story import Story
from infra.stripe_double import DAY, Clock, Config, InProcessClient, StripeDouble
from tests.integration.gateway_calls import API, OAUTH

BY_NAME = {story.name: story for story in STORIES}
MOST_REQUESTS = 190
"""Of all stories together, with the list of events after each."""


def laboratory(client: Callable[[StripeDouble], stripe.HTTPClient] = InProcessClient, **account: Any) -> Laboratory:
    """A run on a new double."""
    double = StripeDouble(Config(), clock=Clock.frozen())
    made = double.create_account(**account)["id"]
    side = DoubleSide(double, client)
    config = double.config
    recorder = Recorder(lambda exchange: exchange)
    return Laboratory(side, config.platform_key_test, config.client_id_test, made, "run1", Budget(), recorder)


def played(*names: str, lab: Laboratory | None = None) -> Laboratory:
    """The laboratory after these stories."""
    lab = lab or laboratory()
    for name in names:
        with lab.recorder.during(name):
            BY_NAME[name].play(lab)
    return lab


def left(lab: Laboratory, kind: str) -> list[Mapping[str, Any]]:
    """All objects of a kind on the account."""
    assert isinstance(lab.side, DoubleSide)
    objects: Mapping[str, Any] = lab.side.double.ledger(lab.account)["objects"]
    return list(objects.get(kind, ()))


def statuses(lab: Laboratory, kind: str) -> list[str]:
    """The statuses of all objects of a kind, sorted."""
    return sorted(each["status"] for each in left(lab, kind))


def answers(lab: Laboratory, step: str) -> list[int]:
    """The HTTP statuses of a step."""
    return [exchange.status for exchange in lab.recorder.exchanges if exchange.step == step]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_plays_to_its_end_without_the_others(story: Story) -> None:
    lab = played(story.name)
    assert lab.recorder.exchanges
    assert lab.refusals == []
    assert {each.step.partition(":")[0] for each in lab.recorder.exchanges} == {story.name}


def test_an_invoice_is_mailed_twice_and_paid_although_it_is_uncollectible() -> None:
    lab = played("billing")
    (invoice,) = left(lab, "invoice")
    assert invoice["status"] == "paid"
    assert invoice["status_transitions"]["marked_uncollectible_at"]
    assert isinstance(lab.side, DoubleSide)
    assert len(lab.side.double.mails(lab.account)) == 2
    assert answers(lab, "billing: void refused") == [400]


def test_a_draft_is_changed_and_another_one_deleted() -> None:
    lab = played("drafts")
    (invoice,) = left(lab, "invoice")
    assert (invoice["status"], invoice["amount_paid_off_stripe"]) == ("paid", invoice["total"])
    assert (invoice["description"], invoice["footer"], invoice["custom_fields"]) == (None, None, None)
    assert invoice["total"] == 7500 - 1000 + 620
    assert answers(lab, "drafts: read after it was deleted") == [404]


def test_a_card_is_declined_for_each_reason_and_then_pays() -> None:
    lab = played("cards")
    (invoice,) = left(lab, "invoice")
    assert invoice["status"] == "paid"
    assert statuses(lab, "charge") == ["failed"] * (len(DECLINES) + 1) + ["succeeded"]
    assert answers(lab, "cards: waits for the bank's confirmation") == [200]


def test_cards_and_debits_fail_for_every_reason_that_the_product_tells_apart() -> None:
    lab = played("cards", "debits")
    errors = [
        each.body["error"] if each.status == 402 else each.body["last_payment_error"]
        for each in lab.recorder.exchanges
        if each.status == 402 or (each.until == {"status": "requires_payment_method"})
    ]
    reasons = {failure_reason(each["code"], each.get("decline_code")) for each in errors}
    assert reasons == set(FailureReason)


def test_an_invoice_is_paid_in_parts() -> None:
    lab = played("refunds")
    (invoice,) = left(lab, "invoice")
    assert (invoice["status"], invoice["amount_paid"]) == ("paid", 9000)
    assert statuses(lab, "invoice_payment") == ["paid"] * 3


def test_bank_debits_fail_settle_and_are_disputed() -> None:
    lab = played("debits")
    failed = {each["failure_code"] for each in left(lab, "charge") if each["status"] == "failed"}
    assert len(failed) == len(FAILURES)
    assert statuses(lab, "charge").count("succeeded") == 2
    assert len(left(lab, "dispute")) == 1


def test_refunds_succeed_and_fail_later() -> None:
    lab = played("refunds")
    assert statuses(lab, "refund") == ["failed", "failed", "succeeded"]
    assert [each.status for each in lab.recorder.exchanges if each.path == "/v1/refunds"].count(400) == 2
    (pending,) = [each for each in lab.recorder.exchanges if each.step == "refunds: pending refund"]
    assert pending.body["status"] == "pending"


def test_disputes_are_won_and_lost_and_one_is_an_inquiry() -> None:
    lab = played("disputes")
    assert statuses(lab, "dispute") == ["lost", "warning_needs_response", "won"]
    assert answers(lab, "disputes: refund of a disputed payment") == [400]


def test_credit_notes_are_voided_refunded_credited_and_outside() -> None:
    lab = played("credit notes")
    assert statuses(lab, "credit_note") == ["issued"] * 4 + ["void"]
    assert {each["type"] for each in left(lab, "credit_note")} == {"pre_payment", "post_payment"}
    assert [each["amount"] for each in left(lab, "refund")] == [2000]
    assert [each["balance"] for each in left(lab, "customer")] == [-1200]


def test_a_revision_replaces_its_original() -> None:
    lab = played("revision")
    original, revision = left(lab, "invoice")
    assert (original["status"], revision["status"]) == ("void", "void")
    assert original["latest_revision"] == revision["id"]


def test_a_balance_pays_invoices_wholly_and_in_part() -> None:
    lab = played("balance")
    owed = [(each["status"], each["amount_due"], each["total"]) for each in left(lab, "invoice")]
    assert owed == [("paid", 0, 0), ("paid", 0, 30), ("paid", 0, 2000), ("open", 2000, 5000)]


def test_a_deleted_customer_leaves_an_invoice() -> None:
    lab = played("customers")
    (customer,) = left(lab, "customer")
    assert customer["deleted"]
    assert statuses(lab, "invoice") == ["void"]
    (found,) = [each for each in lab.recorder.exchanges if each.until is not None]
    assert found.path == "/v1/customers/search"


def test_an_account_with_requirements_is_made_and_deleted() -> None:
    lab = played("accounts")
    (made,) = [each for each in lab.recorder.exchanges if each.method == "POST"]
    assert made.body["requirements"]["currently_due"]
    assert [each.status for each in lab.recorder.exchanges if each.method == "DELETE"] == [200]


def test_money_is_booked_and_paid_out_by_hand() -> None:
    lab = played("payouts")
    assert [(each["amount"], each["automatic"]) for each in left(lab, "payout")] == [(1000, False)]


def test_automatic_payouts_tie_out_a_day_later() -> None:
    lab = laboratory(payout_schedule="daily")
    played("cards", "refunds", lab=lab)
    lab.side.pass_time(4 * DAY)
    played("payouts later", lab=lab)
    lines = [each for each in lab.recorder.exchanges if each.path == "/v1/balance_transactions"]
    assert [each.status for each in lines] == [200] * len(lines)
    assert lines[0].body["data"]


def test_a_payout_whose_lines_do_not_add_up_is_named() -> None:
    lab = laboratory(LosesALine, payout_schedule="daily")
    played("cards", lab=lab)
    lab.side.pass_time(4 * DAY)
    with pytest.raises(DoesNotTieOut, match="add up to"):
        played("payouts later", lab=lab)


class LosesALine(InProcessClient):
    """A double that lists only the first line of a payout."""

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        body, status, answered = super().request(method, url, headers, post_data, **more)
        if "balance_transactions?" in url:
            page = json.loads(body)
            body = json.dumps({**page, "data": page["data"][:1]})
        return body, status, answered


class Refusing(InProcessClient):
    """A double that refuses requests of which `part` is in the address or the parameters, without doing them."""

    part = ""
    status = 400

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        if method.upper() == "POST" and self.part in f"{url} {post_data}":
            error = {"error": {"type": "invalid_request_error", "message": "You may not do that."}}
            return json.dumps(error), self.status, {"date": "Sun, 29 Nov 2026 12:00:00 GMT"}
        return super().request(method, url, headers, post_data, **more)


class NoConfirmation(Refusing):
    part = "/confirm"


class NoDebits(Refusing):
    part = "us_bank_account"


class Broken(Refusing):
    part = "/v1/refunds"
    status = 500


def test_a_payer_pays_in_the_other_way_where_stripe_refuses_to_confirm() -> None:
    lab = played("billing", "refunds", lab=laboratory(NoConfirmation))
    assert statuses(lab, "invoice") == ["paid", "paid"]
    refusals = [each for each in lab.recorder.exchanges if each.path.endswith("/confirm")]
    assert len(refusals) == 1, "Stripe is asked once whether it confirms."
    assert len([each for each in lab.recorder.exchanges if each.path.endswith("/pay")]) == 2


def test_a_payer_is_declined_in_the_other_way_too() -> None:
    lab = played("cards", lab=laboratory(NoConfirmation))
    assert statuses(lab, "invoice") == ["paid"]


def test_an_account_without_bank_debits_is_noted_and_not_compared() -> None:
    lab = played("debits", lab=laboratory(NoDebits))
    assert [refusal.step for refusal in lab.refusals] == ["debits: an invoice for bank debits"]
    assert "You may not do that." in lab.refusals[0].reason
    assert {each.path for each in lab.recorder.exchanges} == {"/v1/customers"}


def test_a_fault_of_stripes_is_no_refusal() -> None:
    with pytest.raises(StripeUnavailable):
        played("refunds", lab=laboratory(Broken))
    with pytest.raises(stripe.RateLimitError), declined(), refused():
        raise stripe.RateLimitError("Too many requests")


class Noting:
    """The gateway, noting which of its methods are called."""

    def __init__(self, gateway: Any, called: set[str]) -> None:
        self._gateway, self._called = gateway, called

    def __getattr__(self, name: str) -> Any:
        self._called.add(name)
        return getattr(self._gateway, name)


@pytest.fixture(scope="module")
def whole() -> tuple[Laboratory, set[str], int]:
    """A run of all stories, the gateway's methods that it called, and its requests with the lists of events."""
    lab, called = laboratory(payout_schedule="daily"), set[str]()
    lab.gateway = Noting(lab.gateway, called)  # type: ignore[assignment]
    for story in STORIES:
        played(story.name, lab=lab)
    return lab, called, lab.budget.used + len(STORIES)


def test_every_method_of_the_gateway_that_asks_stripe_is_called(whole: tuple[Laboratory, set[str], int]) -> None:
    _, called, _ = whole
    assert set(API) - called == set()
    assert not set(OAUTH) & called, "Promises try OAuth, because it needs a person."


def test_all_stories_together_fit_their_part_of_the_budget(whole: tuple[Laboratory, set[str], int]) -> None:
    lab, _, used = whole
    assert used <= MOST_REQUESTS
    assert lab.refusals == []


def test_invoices_are_paid_by_cards_of_each_kind(whole: tuple[Laboratory, set[str], int]) -> None:
    lab, _, _ = whole
    charges = [each for each in left(lab, "charge") if each["status"] == "succeeded"]
    cards = [each["payment_method_details"]["card"] for each in charges if each["payment_method_details"].get("card")]
    kinds = {(card["brand"], card["funding"]) for card in cards}
    assert kinds == {("visa", "credit"), ("visa", "debit"), ("amex", "credit"), ("mastercard", "prepaid")}


def test_each_thing_that_a_story_makes_has_a_mark(whole: tuple[Laboratory, set[str], int]) -> None:
    lab, _, _ = whole
    unmarked = [
        (kind, each["id"])
        for kind in ("customer", "invoice", "credit_note", "payout")
        for each in left(lab, kind)
        if not each.get("deleted")
        and not any(key in each["metadata"] for key in ("pom_organization_id", "pom_sandbox", "pom_connection_test"))
    ]
    assert unmarked == []


def test_each_story_is_in_the_list() -> None:
    modules = {story.play.__module__.rpartition(".")[2] for story in STORIES}
    folder = Path("infra/sandbox/stories")
    with_stories = {path.stem for path in folder.glob("*.py") if "= Story(" in path.read_text()}
    assert modules == with_stories
    assert len(BY_NAME) == len(STORIES), "No two have one name."
    assert STORIES[-1].name == "reads"

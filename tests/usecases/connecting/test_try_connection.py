"""Verifying the connection with a test invoice that leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, Retryable, StripeUnavailable
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.trial import OVER_AFTER, Trial, TrialProgress, TrialStep
from chalicelib.functions import API_HANDLER, BY_NAME
from chalicelib.ports.storage import InvoiceFilter
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.connecting.freeze import freeze, unfreeze
from chalicelib.usecases.connecting.try_connection import latest_trial, try_connection
from chalicelib.usecases.events.event_outcome import EventOutcome
from tests.boundaries import ProcessKilled, count_calls
from tests.world import ADMIN, ORGANIZATION, World

ALL = list(TrialStep)
KEPT = "connections.save_trial"
WRITES = {
    TrialStep.CUSTOMER: "/v1/customers",
    TrialStep.DRAFT: "/v1/invoices",
    TrialStep.FINALIZE: "/v1/invoices/*/finalize",
    TrialStep.VOID: "/v1/invoices/*/void",
}


def tried(world: World) -> Trial:
    return try_connection(ORGANIZATION, world.ports)


def shown(world: World) -> TrialProgress:
    """What others see of the latest test at this moment."""
    return latest_trial(ORGANIZATION, world.ports)


def steps(result: Trial | TrialProgress) -> list[TrialStep]:
    return [report.step for report in result.steps]


def test_nothing_is_made_in_stripe_while_invoicing_is_paused(world: World, account: StripeAccountId) -> None:
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    calls = world.stripe_calls()
    with pytest.raises(Conflict, match="invoicing_frozen"):
        tried(world)
    assert world.stripe_calls() == calls
    unfreeze(ORGANIZATION, "ops", world.ports)
    assert tried(world).ok


def left_in_stripe(world: World, account: str) -> list[Any]:
    """Test customers that are still there, and test invoices that could still be paid or sent."""
    found = [*world.in_stripe(account, "customer"), *world.in_stripe(account)]
    tests = [each for each in found if "pom_connection_test" in (each.get("metadata") or {})]
    return [each for each in tests if each["object"] == "customer" or each["status"] in {"draft", "open"}]


def test_a_test_invoice_is_made_read_voided_and_removed(world: World, account: StripeAccountId) -> None:
    before = world.ports.database.invoices.copy(), dict(world.ports.database.tallies)
    customers = dict(world.ports.database.customers)
    result = tried(world)
    assert result.ok
    assert steps(result) == ALL
    assert all(report.ok and report.message.endswith(".") and not report.next_step for report in result.steps)
    assert "0.50 USD" in result.steps[2].message
    [made] = world.in_stripe(account)
    assert (made["status"], made["total"]) == ("void", 50)
    assert left_in_stripe(world, account) == []
    assert world.double.mails() == []
    receipts = world.deliver()
    assert receipts
    assert {receipt.outcome for receipt in receipts} <= {EventOutcome.FOREIGN, EventOutcome.IGNORED}
    assert world.sweep().recovered == 0
    assert (world.ports.database.invoices, world.ports.database.tallies) == before
    assert world.ports.database.customers == customers
    assert world.ports.invoices.page(ORGANIZATION, InvoiceFilter(), 10, None).items == ()


def test_the_last_successful_test_is_remembered_until_another_account_is_connected(
    world: World, account: StripeAccountId
) -> None:
    tried(world)
    tested_at = world.ports.clock.now()
    assert world.ports.connections.get(ORGANIZATION).tested_at == tested_at
    world.advance(60)
    world.double.order_fault("error_before", method="POST", path="/v1/customers", count=9)
    assert not tried(world).ok
    assert world.ports.connections.get(ORGANIZATION).tested_at == tested_at
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.connect(account=account)
    assert world.ports.connections.get(ORGANIZATION).tested_at == tested_at
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    world.connect()
    assert world.ports.connections.get(ORGANIZATION).tested_at is None


@pytest.mark.parametrize(("currency", "amount"), [("usd", 50), ("jpy", 50), ("gbp", 30), ("cop", 10_000)])
def test_the_smallest_amount_of_the_accounts_currency_is_billed(currency: str, amount: int, world: World) -> None:
    account = world.connect(account=world.account(default_currency=currency))
    assert tried(world).ok
    [made] = world.in_stripe(account)
    assert (made["currency"], made["total"]) == (currency, amount)


def test_an_account_that_may_not_take_payments_is_told_as_such(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["external_account"]))
    result = tried(world)
    assert not result.ok
    [only] = result.steps
    assert (only.step, only.ok) == (TrialStep.ACCOUNT, False)
    assert "take payments" in only.message
    assert "bank account" in only.message
    assert only.next_step
    assert "Add the bank account" in only.next_step
    assert world.in_stripe(account) == []


def test_a_rejected_account_is_not_sent_to_the_verification(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["individual.dob.day"]))
    world.double.update_account(account, disabled_reason="rejected.fraud")
    [only] = tried(world).steps
    assert "rejected this account" in only.message
    assert "personal details" not in only.message
    assert only.next_step == "Ask Stripe support about the account. Then test again."


class Watched:
    """Stripe, with something that happens before each call of it."""

    def __init__(self, stripe: Any, happens: Callable[[str], object]) -> None:
        self._stripe, self._happens = stripe, happens

    def __getattr__(self, name: str) -> Any:
        self._happens(name)
        return getattr(self._stripe, name)


def before_each_call(world: World, happens: Callable[[str], object]) -> None:
    world.ports.stripe = Watched(world.ports.stripe, happens)  # type: ignore[assignment]


def test_others_see_each_step_before_the_next_one_begins(world: World, account: StripeAccountId) -> None:
    assert shown(world) == TrialProgress()
    seen = dict[str, TrialProgress]()
    before_each_call(world, lambda call: (world.advance(1), seen.setdefault(call, shown(world))))
    began = world.ports.clock.now()
    result = tried(world)
    number_of_steps = {call: len(progress.steps) for call, progress in seen.items()}
    assert number_of_steps == {
        "account": 0,
        "create_trial_customer": 1,
        "create_trial_draft": 2,
        "finalize_trial": 3,
        "trial_invoice": 4,
        "void_trial": 5,
        "trial_customers": 6,
        "trial_invoices": 6,
        "delete_trial_customer": 6,
    }
    assert {(each.started_at, each.finished_at, each.ok) for each in seen.values()} == {(began, None, None)}
    assert all(each.steps == result.steps[: len(each.steps)] for each in seen.values())
    assert shown(world) == TrialProgress(began, world.ports.clock.now(), True, result.steps)


def test_a_test_that_failed_stays_to_be_seen_until_the_next_one_begins(
    world: World, account: StripeAccountId
) -> None:
    world.double.order_fault("error_before", method="POST", path=WRITES[TrialStep.DRAFT])
    failed = tried(world)
    world.advance(3600)
    assert (shown(world).ok, shown(world).steps) == (False, failed.steps)
    assert shown(world).finished_at == world.ports.clock.now() - 3600
    seen = list[TrialProgress]()
    before_each_call(world, lambda _: seen.append(shown(world)))
    tried(world)
    assert seen[0] == TrialProgress(world.ports.clock.now())


def test_a_test_of_an_account_that_may_not_take_payments_is_over_with_its_first_step(world: World) -> None:
    world.connect(account=world.account(charges_enabled=False))
    result = tried(world)
    assert shown(world) == TrialProgress(world.ports.clock.now(), world.ports.clock.now(), False, result.steps)


@pytest.mark.parametrize("call", ["account", "finalize_trial", "trial_customers"])
def test_a_test_that_was_cut_off_is_shown_as_failed_when_its_request_must_be_over(
    call: str, world: World, account: StripeAccountId
) -> None:
    def dies(called: str) -> None:
        if called == call:
            raise ProcessKilled(call)

    before_each_call(world, dies)
    with pytest.raises(ProcessKilled):
        tried(world)
    world.advance(OVER_AFTER)
    running = shown(world)
    assert (running.ok, running.finished_at) == (None, None)
    world.advance(1)
    over = shown(world)
    assert (over.ok, over.finished_at) == (False, None)
    *reported, missing = over.steps
    assert tuple(reported) == running.steps
    assert missing.step == {"account": "account", "finalize_trial": "finalize", "trial_customers": "clean_up"}[call]
    assert (missing.ok, "cut off" in missing.message) == (False, True)
    assert "nobody is billed" in (missing.next_step or "")


def test_a_test_that_is_cut_off_after_a_failed_step_is_missing_its_cleaning_up(
    world: World, account: StripeAccountId
) -> None:
    def dies(called: str) -> None:
        if called == "trial_customers":
            raise ProcessKilled(called)

    before_each_call(world, dies)
    world.double.order_fault("error_before", method="POST", path=WRITES[TrialStep.CUSTOMER])
    with pytest.raises(ProcessKilled):
        tried(world)
    world.advance(OVER_AFTER + 1)
    assert steps(shown(world)) == [TrialStep.ACCOUNT, TrialStep.CUSTOMER, TrialStep.CLEAN_UP]


def test_of_two_tests_at_once_the_later_one_is_shown_and_both_end(world: World, account: StripeAccountId) -> None:
    later = list[Trial]()
    plain = world.ports.stripe

    def another_begins(called: str) -> None:
        if called == "finalize_trial" and not later:
            world.ports.stripe = plain
            world.double.order_fault("error_before", method="POST", path=WRITES[TrialStep.DRAFT])
            later.append(tried(world))

    before_each_call(world, another_begins)
    earlier = tried(world)
    assert (earlier.ok, steps(earlier)) == (True, ALL)
    assert (later[0].ok, shown(world).ok) == (False, False)
    assert shown(world).steps == later[0].steps


def test_a_test_writes_its_steps_eight_times_and_whoever_watches_it_reads_twice(
    world: World, account: StripeAccountId
) -> None:
    test = count_calls(world)
    tried(world)
    assert test.writes == ["connections.begin_trial", *[KEPT] * 6, "connections.save", KEPT]
    watching = count_calls(world)
    shown(world)
    assert watching.calls == ["connections.trial", "connections.get"]


def test_no_test_is_called_cut_off_while_its_function_may_still_run() -> None:
    assert BY_NAME[API_HANDLER].timeout < OVER_AFTER


def test_a_test_of_another_account_is_not_shown(world: World, account: StripeAccountId) -> None:
    tried(world)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    assert shown(world).ok
    world.connect()
    assert shown(world) == TrialProgress()


def down(*_: object) -> None:
    raise Retryable("database_unavailable", "The database does not respond at the moment.")


def test_a_test_goes_on_though_its_steps_cannot_be_stored_and_the_next_write_has_them_all(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[TrialProgress]()

    def comes_back(called: str) -> None:
        if called == "void_trial":
            monkeypatch.undo()
        if called == "trial_customers":
            seen.append(shown(world))

    monkeypatch.setattr(world.ports.connections, "save_trial", down)
    before_each_call(world, comes_back)
    result = tried(world)
    assert (result.ok, steps(result)) == (True, ALL)
    assert steps(seen[0]) == ALL[:-1]
    assert shown(world).ok
    assert left_in_stripe(world, account) == []


def test_nothing_is_made_in_stripe_if_it_cannot_be_stored_that_the_test_begins(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.ports.connections, "begin_trial", down)
    calls = world.stripe_calls()
    with pytest.raises(Retryable, match="database_unavailable"):
        tried(world)
    assert world.stripe_calls() == calls


def test_a_success_that_could_not_be_remembered_is_not_shown_as_one(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.ports.connections, "save", down)
    with pytest.raises(Retryable, match="database_unavailable"):
        tried(world)
    assert shown(world).ok is None
    world.advance(OVER_AFTER + 1)
    assert (shown(world).ok, shown(world).steps[-1].step) == (False, TrialStep.CLEAN_UP)
    assert left_in_stripe(world, account) == []


def test_without_a_connection_there_is_nothing_to_test(world: World) -> None:
    with pytest.raises(Conflict, match="stripe_not_connected"):
        tried(world)


def test_a_revoked_connection_is_told_and_marked(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(paused=True)
    world.double.revoke(account)
    result = tried(world)
    [only] = result.steps
    assert (only.step, only.ok) == (TrialStep.ACCOUNT, False)
    assert "revoked" in only.message
    assert "reconnect" in (only.next_step or "")
    assert not world.ports.connections.get(ORGANIZATION).active


@pytest.mark.parametrize("kind", ["error_before", "close_after", "error_after"])
@pytest.mark.parametrize("step", WRITES)
def test_it_stops_at_the_first_failure_and_cleans_up_all_the_same(
    step: TrialStep, kind: str, world: World, account: StripeAccountId
) -> None:
    world.double.order_fault(kind, method="POST", path=WRITES[step])
    result = tried(world)
    assert not result.ok
    assert steps(result) == [*ALL[: ALL.index(step) + 1], TrialStep.CLEAN_UP]
    failed, cleaned = result.steps[-2:]
    assert not failed.ok
    assert failed.message
    assert failed.next_step
    assert cleaned.ok
    assert left_in_stripe(world, account) == []
    assert world.ports.connections.get(ORGANIZATION).tested_at is None
    assert tried(world).ok


def test_what_a_crash_left_is_removed_by_the_next_test(world: World, account: StripeAccountId) -> None:
    plain = world.ports.stripe

    class Crashing:
        """The process dies before it voids what it made."""

        def __getattr__(self, name: str) -> object:
            return getattr(plain, name)

        def void_trial(self, account_id: StripeAccountId, trial_id: str) -> None:
            raise ProcessKilled("void")

    world.ports.stripe = Crashing()  # type: ignore[assignment]
    with pytest.raises(ProcessKilled):
        tried(world)
    world.ports.stripe = plain
    assert len(left_in_stripe(world, account)) == 2
    assert tried(world).ok, "what may still be at work is left alone"
    assert len(left_in_stripe(world, account)) == 2
    world.advance(61)
    result = tried(world)
    assert result.ok
    assert "earlier" in result.steps[-1].message
    assert left_in_stripe(world, account) == []


def test_only_what_a_test_made_is_ever_removed(world: World, account: StripeAccountId) -> None:
    owners: Any = {"stripe_account": account}
    namesake = world.client.v1.customers.create({"email": "pom-connection-test@example.com"}, owners).id
    invoice = world.invoice()
    world.advance(3600)
    assert tried(world).ok
    alive = [each["id"] for each in world.in_stripe(account, "customer") if not each.get("deleted")]
    assert namesake in alive
    assert world.in_stripe(account)[0]["id"] == invoice.stripe_invoice_id
    assert world.in_stripe(account)[0]["status"] == "open"


def test_cleaning_up_that_fails_is_told(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("error_before", method="DELETE", path="/v1/customers/*", count=9)
    result = tried(world)
    assert not result.ok
    last = result.steps[-1]
    assert (last.step, last.ok) == (TrialStep.CLEAN_UP, False)
    assert "nobody is billed" in (last.next_step or "")
    assert [each["status"] for each in world.in_stripe(account)] == ["void"]


def test_a_slow_stripe_is_not_waited_for_beyond_the_request(world: World, account: StripeAccountId) -> None:
    plain = world.ports.stripe

    class Slow:
        def __getattr__(self, name: str) -> object:
            return getattr(plain, name)

        def create_trial_customer(self, account_id: StripeAccountId, run: str) -> str:
            world.advance(20)
            return plain.create_trial_customer(account_id, run)

    world.ports.stripe = Slow()  # type: ignore[assignment]
    result = tried(world)
    assert steps(result) == [TrialStep.ACCOUNT, TrialStep.CUSTOMER, TrialStep.DRAFT, TrialStep.CLEAN_UP]
    assert "too long" in result.steps[2].message
    assert left_in_stripe(world, account) == []


def test_stripe_out_of_reach_is_told_as_a_step(world: World, account: StripeAccountId) -> None:
    plain = world.ports.stripe

    class Down:
        def __getattr__(self, name: str) -> object:
            return getattr(plain, name)

        def account(self, account_id: StripeAccountId) -> None:
            raise StripeUnavailable("stripe_unreachable", "Stripe did not respond in time.", answered=False)

    world.ports.stripe = Down()  # type: ignore[assignment]
    [only] = tried(world).steps
    assert (only.step, only.ok, bool(only.next_step)) == (TrialStep.ACCOUNT, False, True)

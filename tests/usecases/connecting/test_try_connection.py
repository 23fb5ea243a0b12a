"""Tests the verification of a connection with a test invoice that leaves nothing behind."""

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
SAVE_TRIAL = "connections.save_trial"
WRITES = {
    TrialStep.CUSTOMER: "/v1/customers",
    TrialStep.DRAFT: "/v1/invoices",
    TrialStep.FINALIZE: "/v1/invoices/*/finalize",
    TrialStep.VOID: "/v1/invoices/*/void",
}


def run_test(world: World) -> Trial:
    return try_connection(ORGANIZATION, world.ports)


def current_progress(world: World) -> TrialProgress:
    """Returns the progress of the latest test that other requests read now."""
    return latest_trial(ORGANIZATION, world.ports)


def steps(result: Trial | TrialProgress) -> list[TrialStep]:
    return [report.step for report in result.steps]


def test_the_test_creates_no_object_while_invoicing_is_paused(world: World, account: StripeAccountId) -> None:
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    calls = world.stripe_calls()
    with pytest.raises(Conflict, match="invoicing_frozen"):
        run_test(world)
    assert world.stripe_calls() == calls
    unfreeze(ORGANIZATION, "ops", world.ports)
    assert run_test(world).ok


def leftovers_in_stripe(world: World, account: str) -> list[Any]:
    """Returns test customers that still exist, and test invoices that could still be paid or sent."""
    objects = [*world.in_stripe(account, "customer"), *world.in_stripe(account)]
    tests = [each for each in objects if "pom_connection_test" in (each.get("metadata") or {})]
    return [each for each in tests if each["object"] == "customer" or each["status"] in {"draft", "open"}]


def test_the_test_creates_reads_voids_and_removes_its_invoice(world: World, account: StripeAccountId) -> None:
    before = world.ports.database.invoices.copy(), dict(world.ports.database.tallies)
    customers = dict(world.ports.database.customers)
    result = run_test(world)
    assert result.ok
    assert steps(result) == ALL
    assert all(report.ok and report.message.endswith(".") and not report.next_step for report in result.steps)
    assert "0.50 USD" in result.steps[2].message
    [test_invoice] = world.in_stripe(account)
    assert (test_invoice["status"], test_invoice["total"]) == ("void", 50)
    assert leftovers_in_stripe(world, account) == []
    assert world.double.mails() == []
    receipts = world.deliver()
    assert receipts
    assert {receipt.outcome for receipt in receipts} <= {EventOutcome.FOREIGN, EventOutcome.IGNORED}
    assert world.sweep().recovered == 0
    assert (world.ports.database.invoices, world.ports.database.tallies) == before
    assert world.ports.database.customers == customers
    assert world.ports.invoices.page(ORGANIZATION, InvoiceFilter(), 10, None).items == ()


def test_the_time_of_the_last_successful_test_is_kept_until_another_account_is_connected(
    world: World, account: StripeAccountId
) -> None:
    run_test(world)
    tested_at = world.ports.clock.now()
    assert world.ports.connections.get(ORGANIZATION).tested_at == tested_at
    world.advance(60)
    world.double.order_fault("error_before", method="POST", path="/v1/customers", count=9)
    assert not run_test(world).ok
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
    assert run_test(world).ok
    [test_invoice] = world.in_stripe(account)
    assert (test_invoice["currency"], test_invoice["total"]) == (currency, amount)


def test_the_test_reports_an_account_that_may_not_take_payments(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["external_account"]))
    result = run_test(world)
    assert not result.ok
    [only] = result.steps
    assert (only.step, only.ok) == (TrialStep.ACCOUNT, False)
    assert "take payments" in only.message
    assert "bank account" in only.message
    assert only.next_step
    assert "Add the bank account" in only.next_step
    assert world.in_stripe(account) == []


def test_the_next_step_for_a_rejected_account_is_stripe_support(world: World) -> None:
    account = world.connect(account=world.account(charges_enabled=False, currently_due=["individual.dob.day"]))
    world.double.update_account(account, disabled_reason="rejected.fraud")
    [only] = run_test(world).steps
    assert "rejected this account" in only.message
    assert "personal details" not in only.message
    assert only.next_step == "Ask Stripe support about the account. Then test again."


class HookedStripe:
    """Stripe's gateway with a hook that runs before each call."""

    def __init__(self, stripe: Any, hook: Callable[[str], object]) -> None:
        self._stripe, self._hook = stripe, hook

    def __getattr__(self, name: str) -> Any:
        self._hook(name)
        return getattr(self._stripe, name)


def before_each_call(world: World, hook: Callable[[str], object]) -> None:
    world.ports.stripe = HookedStripe(world.ports.stripe, hook)  # type: ignore[assignment]


def test_each_step_is_readable_before_the_next_step_begins(world: World, account: StripeAccountId) -> None:
    assert current_progress(world) == TrialProgress()
    progress_at = dict[str, TrialProgress]()
    before_each_call(world, lambda call: (world.advance(1), progress_at.setdefault(call, current_progress(world))))
    began = world.ports.clock.now()
    result = run_test(world)
    number_of_steps = {call: len(progress.steps) for call, progress in progress_at.items()}
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
    assert {(each.started_at, each.finished_at, each.ok) for each in progress_at.values()} == {(began, None, None)}
    assert all(each.steps == result.steps[: len(each.steps)] for each in progress_at.values())
    assert current_progress(world) == TrialProgress(began, world.ports.clock.now(), True, result.steps)


def test_a_failed_test_stays_readable_until_the_next_test_begins(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("error_before", method="POST", path=WRITES[TrialStep.DRAFT])
    failed_test = run_test(world)
    world.advance(3600)
    assert (current_progress(world).ok, current_progress(world).steps) == (False, failed_test.steps)
    assert current_progress(world).finished_at == world.ports.clock.now() - 3600
    progress_reads = list[TrialProgress]()
    before_each_call(world, lambda _: progress_reads.append(current_progress(world)))
    run_test(world)
    assert progress_reads[0] == TrialProgress(world.ports.clock.now())


def test_a_test_of_an_account_that_may_not_take_payments_ends_with_its_first_step(world: World) -> None:
    world.connect(account=world.account(charges_enabled=False))
    result = run_test(world)
    assert current_progress(world) == TrialProgress(
        world.ports.clock.now(), world.ports.clock.now(), False, result.steps
    )


@pytest.mark.parametrize("call", ["account", "finalize_trial", "trial_customers"])
def test_an_interrupted_test_is_reported_as_failed_once_its_request_must_be_over(
    call: str, world: World, account: StripeAccountId
) -> None:
    def dies(name: str) -> None:
        if name == call:
            raise ProcessKilled(call)

    before_each_call(world, dies)
    with pytest.raises(ProcessKilled):
        run_test(world)
    world.advance(OVER_AFTER)
    running = current_progress(world)
    assert (running.ok, running.finished_at) == (None, None)
    world.advance(1)
    over = current_progress(world)
    assert (over.ok, over.finished_at) == (False, None)
    *finished_steps, missing = over.steps
    assert tuple(finished_steps) == running.steps
    assert missing.step == {"account": "account", "finalize_trial": "finalize", "trial_customers": "clean_up"}[call]
    assert (missing.ok, "cut off" in missing.message) == (False, True)
    assert "nobody is billed" in (missing.next_step or "")


def test_a_test_interrupted_after_a_failed_step_lacks_its_clean_up_step(
    world: World, account: StripeAccountId
) -> None:
    def dies(name: str) -> None:
        if name == "trial_customers":
            raise ProcessKilled(name)

    before_each_call(world, dies)
    world.double.order_fault("error_before", method="POST", path=WRITES[TrialStep.CUSTOMER])
    with pytest.raises(ProcessKilled):
        run_test(world)
    world.advance(OVER_AFTER + 1)
    assert steps(current_progress(world)) == [TrialStep.ACCOUNT, TrialStep.CUSTOMER, TrialStep.CLEAN_UP]


def test_of_two_simultaneous_tests_the_later_is_reported_and_both_finish(
    world: World, account: StripeAccountId
) -> None:
    later = list[Trial]()
    real = world.ports.stripe

    def begin_another(name: str) -> None:
        if name == "finalize_trial" and not later:
            world.ports.stripe = real
            world.double.order_fault("error_before", method="POST", path=WRITES[TrialStep.DRAFT])
            later.append(run_test(world))

    before_each_call(world, begin_another)
    earlier = run_test(world)
    assert (earlier.ok, steps(earlier)) == (True, ALL)
    assert (later[0].ok, current_progress(world).ok) == (False, False)
    assert current_progress(world).steps == later[0].steps


def test_a_test_costs_nine_writes_and_its_progress_costs_two_reads(world: World, account: StripeAccountId) -> None:
    test = count_calls(world)
    run_test(world)
    assert test.writes == ["connections.begin_trial", *[SAVE_TRIAL] * 6, "connections.save", SAVE_TRIAL]
    watching = count_calls(world)
    current_progress(world)
    assert watching.calls == ["connections.trial", "connections.get"]


def test_a_test_counts_as_interrupted_only_after_the_timeout_of_its_function() -> None:
    assert BY_NAME[API_HANDLER].timeout < OVER_AFTER


def test_a_test_of_a_former_account_is_not_reported(world: World, account: StripeAccountId) -> None:
    run_test(world)
    connect.disconnect(ORGANIZATION, ADMIN, world.ports)
    assert current_progress(world).ok
    world.connect()
    assert current_progress(world) == TrialProgress()


def down(*_: object) -> None:
    raise Retryable("database_unavailable", "The database does not respond at the moment.")


def test_a_test_continues_if_its_steps_cannot_be_stored_and_a_later_write_stores_them(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress_reads = list[TrialProgress]()

    def restore_database(name: str) -> None:
        if name == "void_trial":
            monkeypatch.undo()
        if name == "trial_customers":
            progress_reads.append(current_progress(world))

    monkeypatch.setattr(world.ports.connections, "save_trial", down)
    before_each_call(world, restore_database)
    result = run_test(world)
    assert (result.ok, steps(result)) == (True, ALL)
    assert steps(progress_reads[0]) == ALL[:-1]
    assert current_progress(world).ok
    assert leftovers_in_stripe(world, account) == []


def test_the_test_creates_no_object_if_its_start_cannot_be_stored(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.ports.connections, "begin_trial", down)
    calls = world.stripe_calls()
    with pytest.raises(Retryable, match="database_unavailable"):
        run_test(world)
    assert world.stripe_calls() == calls


def test_a_success_that_could_not_be_stored_is_not_reported(
    world: World, account: StripeAccountId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.ports.connections, "save", down)
    with pytest.raises(Retryable, match="database_unavailable"):
        run_test(world)
    assert current_progress(world).ok is None
    world.advance(OVER_AFTER + 1)
    assert (current_progress(world).ok, current_progress(world).steps[-1].step) == (False, TrialStep.CLEAN_UP)
    assert leftovers_in_stripe(world, account) == []


def test_a_test_without_a_connection_is_refused(world: World) -> None:
    with pytest.raises(Conflict, match="stripe_not_connected"):
        run_test(world)


def test_a_test_reports_a_revoked_connection_and_marks_it_as_disconnected(
    world: World, account: StripeAccountId
) -> None:
    world.double.set_delivery(paused=True)
    world.double.revoke(account)
    result = run_test(world)
    [only] = result.steps
    assert (only.step, only.ok) == (TrialStep.ACCOUNT, False)
    assert "revoked" in only.message
    assert "reconnect" in (only.next_step or "")
    assert not world.ports.connections.get(ORGANIZATION).active


@pytest.mark.parametrize("kind", ["error_before", "close_after", "error_after"])
@pytest.mark.parametrize("step", WRITES)
def test_a_test_stops_at_the_first_failure_and_still_cleans_up(
    step: TrialStep, kind: str, world: World, account: StripeAccountId
) -> None:
    world.double.order_fault(kind, method="POST", path=WRITES[step])
    result = run_test(world)
    assert not result.ok
    assert steps(result) == [*ALL[: ALL.index(step) + 1], TrialStep.CLEAN_UP]
    failed_step, clean_up = result.steps[-2:]
    assert not failed_step.ok
    assert failed_step.message
    assert failed_step.next_step
    assert clean_up.ok
    assert leftovers_in_stripe(world, account) == []
    assert world.ports.connections.get(ORGANIZATION).tested_at is None
    assert run_test(world).ok


def test_objects_left_by_a_crash_are_removed_by_the_next_test(world: World, account: StripeAccountId) -> None:
    real = world.ports.stripe

    class CrashingStripe:
        """Stripe's gateway in a process that dies before it voids the test invoice."""

        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def void_trial(self, account_id: StripeAccountId, trial_id: str) -> None:
            raise ProcessKilled("void")

    world.ports.stripe = CrashingStripe()  # type: ignore[assignment]
    with pytest.raises(ProcessKilled):
        run_test(world)
    world.ports.stripe = real
    assert len(leftovers_in_stripe(world, account)) == 2
    assert run_test(world).ok, "objects of a test that may still run are not removed"
    assert len(leftovers_in_stripe(world, account)) == 2
    world.advance(61)
    result = run_test(world)
    assert result.ok
    assert "earlier" in result.steps[-1].message
    assert leftovers_in_stripe(world, account) == []


def test_a_test_removes_only_objects_that_a_test_created(world: World, account: StripeAccountId) -> None:
    owners: Any = {"stripe_account": account}
    namesake = world.client.v1.customers.create({"email": "pom-connection-test@example.com"}, owners).id
    invoice = world.invoice()
    world.advance(3600)
    assert run_test(world).ok
    alive = [each["id"] for each in world.in_stripe(account, "customer") if not each.get("deleted")]
    assert namesake in alive
    assert world.in_stripe(account)[0]["id"] == invoice.stripe_invoice_id
    assert world.in_stripe(account)[0]["status"] == "open"


def test_a_failed_clean_up_is_reported(world: World, account: StripeAccountId) -> None:
    world.double.order_fault("error_before", method="DELETE", path="/v1/customers/*", count=9)
    result = run_test(world)
    assert not result.ok
    last = result.steps[-1]
    assert (last.step, last.ok) == (TrialStep.CLEAN_UP, False)
    assert "nobody is billed" in (last.next_step or "")
    assert [each["status"] for each in world.in_stripe(account)] == ["void"]


def test_a_test_with_a_slow_stripe_ends_before_its_request_times_out(world: World, account: StripeAccountId) -> None:
    real = world.ports.stripe

    class SlowStripe:
        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def create_trial_customer(self, account_id: StripeAccountId, run: str) -> str:
            world.advance(20)
            return real.create_trial_customer(account_id, run)

    world.ports.stripe = SlowStripe()  # type: ignore[assignment]
    result = run_test(world)
    assert steps(result) == [TrialStep.ACCOUNT, TrialStep.CUSTOMER, TrialStep.DRAFT, TrialStep.CLEAN_UP]
    assert "too long" in result.steps[2].message
    assert leftovers_in_stripe(world, account) == []


def test_an_unreachable_stripe_is_reported_as_a_failed_step(world: World, account: StripeAccountId) -> None:
    real = world.ports.stripe

    class UnreachableStripe:
        def __getattr__(self, name: str) -> object:
            return getattr(real, name)

        def account(self, account_id: StripeAccountId) -> None:
            raise StripeUnavailable("stripe_unreachable", "Stripe did not respond in time.", answered=False)

    world.ports.stripe = UnreachableStripe()  # type: ignore[assignment]
    [only] = run_test(world).steps
    assert (only.step, only.ok, bool(only.next_step)) == (TrialStep.ACCOUNT, False, True)

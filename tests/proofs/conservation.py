"""Proof `conservation`: under any faults no data of Stripe is lost, and in the end POM is equal to Stripe.

Claim: offices, payers, banks, workers, schedules and the admins of two companies act at the same time, and anything
may fail or crash at any boundary. Each invariant holds after each step. When all work is finished, one sweep with
objects makes POM equal to Stripe for every invoice and customer. A day later this is true of every fee and payout,
and the next sweep writes nothing.

Method: random schedules of actions (see `actions`) are interleaved at boundaries, with lost, repeated, reordered,
late and never generated webhooks, several of them in one second, with responses of Stripe that arrive after others
have written, and with accounts on versions from 2018 to ours. The double's ledger is the oracle (`tests/oracle.py`).

Limits: the stores are the in-memory ones, which `tests/contracts` and `test_differential.py` compare with DynamoDB
tables. The double follows Stripe's documentation; it is not Stripe.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from chalicelib.domain.erasure import ErasureStatus
from chalicelib.domain.errors import AccountUnreachable, Conflict, IntegrationError, Refused, Retryable
from chalicelib.ports.messages import BalanceJob, BatchJob, CustomerSync, ErasureJob, InvoiceJob
from chalicelib.usecases.bulk.batch_work import work_on_part
from chalicelib.usecases.customers.customers import sync_customer
from chalicelib.usecases.erasing.erase_customer import erase_customer
from chalicelib.usecases.payouts.balance_jobs import do_balance_job
from chalicelib.usecases.reconciling.reconcile import reconcile_account
from chalicelib.usecases.reconciling.resume_stuck import resume_stuck
from chalicelib.workers.invoice_jobs import TASKS
from tests.proofs.actions import PLAYERS, schedule
from tests.proofs.erased import erased_customers, unfinished
from tests.proofs.invariants import Violation, require
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import ORGANIZATIONS, Figures, Town
from tests.proofs.stage import Action

LENGTH = 100
DAY, HOUR = 86_400, 3_601


@dataclass(frozen=True)
class Run:
    """One schedule, played until all work is finished."""

    seed: int
    schedule: tuple[Action, ...]
    figures: Figures
    digest: str
    violation: str | None
    trace: tuple[str, ...]
    erasures: int = 0
    """How many erasures were requested and granted."""
    erased: int = 0
    """How many of these erasures were finished."""


def run(seed: int, actions: Sequence[Action] | None = None, *, length: int = LENGTH, plain: bool = False) -> Run:
    """Plays the schedule of one seed, or another schedule in the town of that seed, and returns the execution."""
    execution = tuple(schedule(seed, length) if actions is None else actions)
    town = Town(seed, plain=plain)
    violation = None
    try:
        town.play(execution, PLAYERS)
        come_to_rest(town)
    except Violation as failing:
        violation = str(failing)
    town.figures.events = sum(len(ledger.events) for ledger in town.double.world.ledgers.values())
    town.figures.invoices = sum(len(town.table(account, "invoice")) for account in town.double.world.ledgers)
    requested_erasures = erased_customers(town.plain.database)
    finished_erasures = [
        each
        for each in requested_erasures
        if each.erasure is not None and each.erasure.status is ErasureStatus.ERASED
    ]
    figures, trace = town.figures, tuple(town.trace)
    return Run(
        seed, execution, figures, town.digest(), violation, trace, len(requested_erasures), len(finished_erasures)
    )


def come_to_rest(town: Town) -> None:
    """Ends all faults, reconnects and verifies every company, lets time pass, and runs the schedules."""
    town.note("rest")
    town.double.clear_faults()
    town.double.set_delivery(
        drop=0.0, duplicate=0.0, delay=0.0, lose_rate=0.0, squeeze=False, never_generate=[], lose=[], paused=False
    )
    for organization in ORGANIZATIONS:
        account = town.accounts[organization]
        town.double.update_account(account, charges_enabled=True)
        with suppress(IntegrationError):
            town.connect(organization, account)
        require(town.account_of(organization) == account, f"10: {organization} could not reconnect")
    for gap in (0, 200, HOUR, HOUR, 8000, 25 * 3600, HOUR):
        town.advance(gap)
        town.double.drain()
        resume_stuck(town.ports)
        _work(town)
    for organization in ORGANIZATIONS:
        reconcile_account(organization, town.ports, objects=True)
    _work(town)  # customers that were edited while their account was not connected
    for organization in ORGANIZATIONS:  # and whose other spellings are searched for once Stripe has them
        swept = reconcile_account(organization, town.ports, objects=True)
        require(swept.recovered == swept.corrected == swept.parked == 0, f"6: the second sweep found {swept}")
    a_day_later(town)
    finish_erasures(town)
    town.invariants.between_deeds()
    town.invariants.at_rest()
    before = town.invariants.everything_kept()
    for organization in ORGANIZATIONS:
        swept = reconcile_account(organization, town.ports, objects=True)
        require(swept.recovered == swept.corrected == swept.parked == 0, f"6: the third sweep found {swept}")
    after = town.invariants.everything_kept()
    changed_tables = [name for name in before if before[name] != after[name]]
    require(not changed_tables, f"6: the third sweep changed {changed_tables}")


def finish_erasures(town: Town) -> None:
    """Lets days pass until each erasure that waits for nothing has finished, and requires that POM is equal to
    Stripe.
    """
    for _ in range(4):
        if not unfinished(town.plain.database):
            return
        a_day_later(town)
        resume_stuck(town.ports)
        _work(town)


def a_day_later(town: Town) -> None:
    """Lets a day pass and requires that the sweep finds nothing: payouts are compared a day after their lines were
    read, and fees are read an hour after their payments.
    """
    town.advance(DAY + HOUR)
    town.double.drain()
    _work(town)
    for organization in ORGANIZATIONS:
        swept = reconcile_account(organization, town.ports, objects=True)
        require(swept.recovered == swept.corrected == swept.parked == 0, f"6: a day later the sweep found {swept}")
    _work(town)


def _work(town: Town) -> None:
    """Does all queued work except sweeps."""
    messages = [*(queued.message for queued in town.queue), *town.plain.queues.take()]
    for message in messages:
        with suppress(Refused, AccountUnreachable, Conflict, Retryable):
            if isinstance(message, CustomerSync):
                sync_customer(message.organization_id, message.customer_id, town.ports)
            elif isinstance(message, InvoiceJob):
                TASKS[message.task](message.organization_id, message.invoice_id, town.ports)
            elif isinstance(message, BatchJob):
                work_on_part(message.organization_id, message.batch_id, message.lane, message.turn, town.ports)
            elif isinstance(message, BalanceJob):
                do_balance_job(message, town.ports)
            elif isinstance(message, ErasureJob):
                erase_customer(message.organization_id, message.customer_id, town.ports)
        messages += town.plain.queues.take()
    town.queue.clear()


def shortest(failing: Run, *, patience: int = 400) -> Run:
    """Returns the shortest and calmest schedule found that still fails in the same town."""
    best, attempts = failing, 0

    def fails(actions: Sequence[Action]) -> bool:
        nonlocal best, attempts
        if attempts >= patience:
            return False
        attempts += 1
        rerun = run(failing.seed, actions)
        if rerun.violation is None or rerun.violation[:3] != (failing.violation or "")[:3]:
            return False
        best = rerun
        return True

    chunk = max(1, len(best.schedule) // 2)
    while chunk >= 1 and attempts < patience:
        start, shrunk = 0, False
        while start < len(best.schedule):
            fewer = best.schedule[:start] + best.schedule[start + chunk :]
            if fails(fewer):
                shrunk = True
            else:
                start += chunk
        if chunk == 1 and not shrunk:
            break
        chunk = chunk if shrunk and chunk == 1 else chunk // 2
    for position, action in enumerate(best.schedule):
        if not action.calm:
            calmer = list(best.schedule)
            calmer[position] = Action(action.name, action.number, calm=True)
            fails(calmer)
    return best


def replay_line(failing: Run) -> str:
    return (
        f"python -m tests.proofs conservation --seed {failing.seed} --replay {','.join(map(str, failing.schedule))}"
    )


def prove(budget: Budget) -> Result:
    """Plays one seed after the other until the time is up or the slice's number of seeds is reached."""
    result = Result("conservation under faults", "schedules of 100 actions", seed=budget.seed)
    total = Figures()
    for number in range(budget.of(12, 300, 1_000_000)):
        if budget.left < 0:
            break
        execution = run(budget.seed + number)
        result.count += 1
        total.add(execution.figures)
        if execution.violation is not None:
            least = shortest(execution)
            result.failures.append(f"{least.violation}\n  {replay_line(least)}")
    result.figures = {
        "actions": total.deeds,
        "boundaries": total.boundaries,
        "overtaken": total.overtaken,
        "lagging indexes": total.lagged,
        "responses overtaken": total.late,
        "faults": sum(total.faults.values()),
        "events": total.events,
        "deliveries": total.deliveries,
        "parked": total.outcomes["parked"],
        "invoices": total.invoices,
    }
    return result

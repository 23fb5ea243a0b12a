"""The metrics and log lines of the payout workers, and the failures that are not retried."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import bootstrap, observability
from chalicelib.domain.errors import StripeUnavailable
from chalicelib.ports.messages import BalanceJob, BalanceTask, Reconciliation
from chalicelib.workers import balance_jobs, reconcile_account
from tests.usecases.payouts.company import DAY, HOUR, Company, change_payout_lines, without
from tests.world import World

Emitted = Callable[[], dict[str, list[float]]]


@pytest.fixture
def company(world: World, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setattr(bootstrap, "ports", lambda: world.ports)
    company = Company.connected(world)
    company.world.sweep()
    return company


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Emitted:
    """Returns a function that returns the values of each metric since its last call."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    monkeypatch.setattr(observability, "_cold", False)

    def read() -> dict[str, list[float]]:
        values: dict[str, list[float]] = {}
        for line in capsys.readouterr().out.splitlines():
            if line.startswith('{"_aws"'):
                log_line: dict[str, Any] = json.loads(line)
                [metric] = log_line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
                values.setdefault(metric["Name"], []).extend(log_line[metric["Name"]])
        return values

    return read


def payout_id(company: Company) -> str:
    return str(company.in_stripe()[0]["id"])


def job(company: Company, task: BalanceTask = BalanceTask.PAYOUT) -> BalanceJob:
    return BalanceJob(company.organization, task, payout_id(company))


def itemizable_payout(company: Company) -> None:
    """Returns a payout whose lines Stripe can list and which POM has not received yet."""
    company.lose_webhooks()
    company.paid_invoice("100.00")
    company.world.double.account_fee(company.account, 200)
    company.world.double.update_account(company.account, payout_schedule="manual")
    company.pause(2 * DAY)
    company.world.double.pay_out(company.account)
    company.pause(HOUR)


def test_a_payout_is_measured_once_when_it_is_itemized(company: Company, emitted: Emitted) -> None:
    itemizable_payout(company)
    emitted()
    balance_jobs._work(job(company))
    metrics = emitted()
    assert (metrics["PayoutLines"], metrics["PayoutsNotTiedOut"], metrics["PayoutLinesRepaired"]) == ([2], [0], [0])
    balance_jobs._work(job(company))
    assert "PayoutLines" not in emitted(), "its lines were there before"


def test_a_payout_that_does_not_tie_out_is_measured_and_logged_as_an_error(
    company: Company, emitted: Emitted
) -> None:
    itemizable_payout(company)
    change_payout_lines(company.world, without("stripe_fee"))
    emitted()
    balance_jobs._work(job(company))
    assert emitted()["PayoutsNotTiedOut"] == [1]


def test_lines_that_were_repaired_are_counted(company: Company, emitted: Emitted) -> None:
    itemizable_payout(company)
    balance_jobs._work(job(company))
    lines = company.lines(company.payout())
    company.world.ports.payouts.remove_lines(company.organization, payout_id(company), lines[:1])
    emitted()
    balance_jobs._work(job(company, BalanceTask.COMPARE))
    metrics = emitted()
    assert (metrics["PayoutLinesRepaired"], metrics["PayoutsNotTiedOut"]) == ([1], [0])


def test_a_refusal_of_stripe_is_logged_and_not_retried(company: Company, emitted: Emitted) -> None:
    itemizable_payout(company)
    company.world.double.revoke(company.account)
    emitted()
    balance_jobs._work(job(company))
    assert "PayoutLines" not in emitted()
    assert not company.world.ports.connections.get(company.organization).active


def test_an_outage_of_stripe_leaves_the_message_in_its_queue(company: Company) -> None:
    itemizable_payout(company)
    company.world.double.order_fault("error_before", path="/v1/payouts/*", count=10)
    with pytest.raises(StripeUnavailable):
        balance_jobs._work(job(company))


def test_the_sweep_measures_the_payouts_that_it_reconciled(company: Company, emitted: Emitted) -> None:
    company.stop_events()
    itemizable_payout(company)
    emitted()
    reconcile_account._reconcile(Reconciliation(company.organization, objects=True))
    metrics = emitted()
    assert (metrics["PayoutsMissed"], metrics["PayoutsNotTiedOut"]) == ([1], [0])
    assert "FeesFound" in metrics

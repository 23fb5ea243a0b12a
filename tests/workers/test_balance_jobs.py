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

EmittedMetrics = Callable[[], dict[str, list[float]]]


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
def emitted_metrics(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> EmittedMetrics:
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


def create_itemizable_payout(company: Company) -> None:
    """Creates a payout whose lines Stripe can list, and of which POM has received no event."""
    company.lose_webhooks()
    company.paid_invoice("100.00")
    company.world.double.account_fee(company.account, 200)
    company.world.double.update_account(company.account, payout_schedule="manual")
    company.pause(2 * DAY)
    company.world.double.pay_out(company.account)
    company.pause(HOUR)


def test_a_payout_is_measured_once_when_it_is_itemized(company: Company, emitted_metrics: EmittedMetrics) -> None:
    create_itemizable_payout(company)
    emitted_metrics()
    balance_jobs._work(job(company))
    metrics = emitted_metrics()
    assert (metrics["PayoutLines"], metrics["PayoutsNotTiedOut"], metrics["PayoutLinesRepaired"]) == ([2], [0], [0])
    balance_jobs._work(job(company))
    assert "PayoutLines" not in emitted_metrics(), "the lines were stored before"


def test_a_payout_that_does_not_tie_out_is_counted(company: Company, emitted_metrics: EmittedMetrics) -> None:
    create_itemizable_payout(company)
    change_payout_lines(company.world, without("stripe_fee"))
    emitted_metrics()
    balance_jobs._work(job(company))
    assert emitted_metrics()["PayoutsNotTiedOut"] == [1]


def test_lines_that_were_repaired_are_counted(company: Company, emitted_metrics: EmittedMetrics) -> None:
    create_itemizable_payout(company)
    balance_jobs._work(job(company))
    lines = company.lines(company.payout())
    company.world.ports.payouts.remove_lines(company.organization, payout_id(company), lines[:1])
    emitted_metrics()
    balance_jobs._work(job(company, BalanceTask.COMPARE))
    metrics = emitted_metrics()
    assert (metrics["PayoutLinesRepaired"], metrics["PayoutsNotTiedOut"]) == ([1], [0])


def test_a_revoked_account_becomes_inactive_and_its_job_is_not_retried(
    company: Company, emitted_metrics: EmittedMetrics
) -> None:
    create_itemizable_payout(company)
    company.world.double.revoke(company.account)
    emitted_metrics()
    balance_jobs._work(job(company))
    assert "PayoutLines" not in emitted_metrics()
    assert not company.world.ports.connections.get(company.organization).active


def test_an_outage_of_stripe_leaves_the_message_in_its_queue(company: Company) -> None:
    create_itemizable_payout(company)
    company.world.double.order_fault("error_before", path="/v1/payouts/*", count=10)
    with pytest.raises(StripeUnavailable):
        balance_jobs._work(job(company))


def test_the_sweep_measures_the_payouts_that_it_reconciled(company: Company, emitted_metrics: EmittedMetrics) -> None:
    company.stop_events()
    create_itemizable_payout(company)
    emitted_metrics()
    reconcile_account._reconcile(Reconciliation(company.organization, objects=True))
    metrics = emitted_metrics()
    assert (metrics["PayoutsMissed"], metrics["PayoutsNotTiedOut"]) == ([1], [0])
    assert "FeesFound" in metrics

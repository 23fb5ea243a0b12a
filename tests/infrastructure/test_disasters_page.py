"""Real disasters page the person on call. Each is played with the real handlers, and fires its page within the stated
time.

It is the counterpart of `test_strangers_and_alarms`: conditions that no outsider can cause still page a person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.domain.errors import Retryable
from chalicelib.workers import customer_sync
from tests.infrastructure.played import Stage, stage
from tests.infrastructure.played_company import CALM, asks_stripe, compare, connect_account, pages, pays, sent_invoice

__all__ = ["stage"]

Disaster = Callable[[Stage, str, pytest.MonkeyPatch], None]


def business(stage: Stage, minutes: int) -> None:
    """Refreshes the invoices and saves a customer each minute, as the office does."""

    def act(minute: int) -> None:
        stage.counted_response(stage.api.get("/invoices"))
        stage.counted_response(stage.api.put(f"/customers/cust_{minute}", {"firstName": "Ann", "lastName": "Lee"}))

    stage.pass_minutes(minutes, act)


def the_secret_is_not_stripes(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [endpoint] = stage.world.client.v1.webhook_endpoints.list().data
    stage.world.double.roll_secret(endpoint.id, keep_old=False)
    pays(stage, account, 0)
    stage.pass_minutes(1)
    pays(stage, account, 1)
    stage.pass_minutes(25)


def the_address_does_not_answer(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.down = True
    stage.pass_minutes(15)


def nobody_sends_the_canary(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.paused.add("canary")
    stage.pass_minutes(15)


def nobody_plans(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.paused.add("plan_reconciliation")
    stage.pass_minutes(25)


def everything_crashes(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a defect that was deployed")

    monkeypatch.setattr(bootstrap, "ports", broken)
    business(stage, 30)


def the_database_does_not_answer(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> None:
        raise Retryable("database_unavailable", "The database does not respond at the moment.")

    monkeypatch.setattr(bootstrap, "ports", down)
    business(stage, 30)


def requests_take_too_long(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.pass_minutes(30, lambda _: stage.gateway(504))


def stripe_rejects_the_platforms_key(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.world.double.config.platform_key_test = "sk_test_rolled"

    stage.pass_minutes(30, lambda _: asks_stripe(stage))


def pom_bills_twice(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent_invoice(stage, account, stage.world.in_stripe(account)[0], by_platform=True)
    compare(stage)
    stage.pass_minutes(5)


def a_worker_is_not_invoked(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.unmapped.add("customer_sync")
    business(stage, 70)


def a_workers_code_is_defective(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("email")

    monkeypatch.setattr(customer_sync, "sync_customer", broken)
    business(stage, 75)


def a_worker_crashes_before_it_begins(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ImportError("no such module")

    monkeypatch.setitem(stage.app.handler_map, "customer_sync", broken)
    business(stage, 75)


def a_workers_messages_cannot_be_read(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.sqs.send_message(QueueUrl="https://sqs.test/customer-sync.fifo", MessageBody='{"organizationId": 7}')
    stage.pass_minutes(75)


def pom_is_told_nothing(stage: Stage, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.unmapped.add("publish_changes")
    pays(stage, account, 0)
    pays(stage, account, 1)
    stage.pass_minutes(65)


DISASTERS: dict[Disaster, dict[str, int]] = {
    the_secret_is_not_stripes: {"SignaturesAllRefused": 15},
    the_address_does_not_answer: {"CanaryFailing": 11},
    nobody_sends_the_canary: {"CanaryFailing": 11},
    nobody_plans: {"ReconciliationSilent": 21},
    everything_crashes: {
        "CanaryFailing": 11,
        "DeadLetterScheduleFailures": 3,
        "ErrorsFast": 10,
        "ErrorsSlow": 10,
        "ReconciliationSilent": 21,
    },
    the_database_does_not_answer: {
        "CanaryFailing": 11,
        "DeadLetterScheduleFailures": 3,
        "ErrorsFast": 10,
        "ErrorsSlow": 10,
        "ReconciliationSilent": 21,
    },
    requests_take_too_long: {"ErrorsFast": 10, "ErrorsSlow": 10},
    stripe_rejects_the_platforms_key: {"ErrorsFast": 10, "ErrorsSlow": 10, "ReconciliationStuck": 21},
    pom_bills_twice: {"BilledTwice": 2},
    a_worker_is_not_invoked: {"StalledCustomerSync": 63},
    a_workers_code_is_defective: {"WorkFailedCustomerSync": 63},
    a_worker_crashes_before_it_begins: {"StalledCustomerSync": 70, "WorkFailedCustomerSync": 63},
    a_workers_messages_cannot_be_read: {"WorkFailedCustomerSync": 63},
    pom_is_told_nothing: {"ChangesSilent": 62},
}
"""The pages of each disaster, with the minutes within which they come."""


@pytest.mark.parametrize("happens", DISASTERS, ids=lambda happens: happens.__name__)
def test_a_real_disaster_pages_within_its_time(
    stage: Stage, happens: Disaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect_account(stage, "svc_1", "svc_2", "svc_3")
    happens(stage, account, monkeypatch)
    minutes_in_alarm: dict[str, Any] = stage.minutes_in_alarm(since=CALM)
    assert pages(minutes_in_alarm) == DISASTERS[happens].keys()
    late = {
        page: minutes_in_alarm[page] - CALM
        for page, limit in DISASTERS[happens].items()
        if minutes_in_alarm[page] - CALM > limit
    }
    assert late == {}

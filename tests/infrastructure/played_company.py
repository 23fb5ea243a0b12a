"""Actions of a company on a played stage, and the alarms that its actions must fire."""

from __future__ import annotations

import dataclasses
from typing import Any

from chalicelib.ports.messages import Reconciliation
from infra.local.cloudwatch.alarms import MetricAlarm
from tests.infrastructure.played import DEPLOYED, Stage
from tests.world import ORGANIZATION

CALM = 40
"""Minutes before anything happens: longer than any alarm of silence looks back."""
PAGES = {name for name, alarm in DEPLOYED.items() if alarm.grade == "page"}


def connect_account(stage: Stage, *services: str) -> str:
    """Connects a company with a customer and invoices, and waits until no work is left. Returns its Stripe
    account.
    """
    account = stage.world.connect()
    stage.world.customer()
    for service in services:
        stage.world.invoice(service)
    stage.pass_minutes(CALM)
    assert stage.minutes_in_alarm(since=CALM - 5) == {}, "nothing is wrong before it begins"
    return account


def pages(minutes_in_alarm: dict[str, int]) -> set[str]:
    return minutes_in_alarm.keys() & PAGES


def without(alarm: str, expression: str, **changes: Any) -> dict[str, MetricAlarm]:
    """Returns the alarm with an expression without its guard."""
    alarm_properties = DEPLOYED[alarm]
    assert isinstance(alarm_properties, MetricAlarm)
    return {alarm: dataclasses.replace(alarm_properties, expression=expression, **changes)}


def pays(stage: Stage, account: str, number: int) -> None:
    """Pays one of the company's invoices as a customer."""
    invoice = stage.world.in_stripe(account)[number]
    stage.world.double.pay(account, invoice["id"])


def asks_stripe(stage: Stage) -> None:
    """Makes POM refresh the company's invoices from Stripe, as the office does."""
    for invoice in list(stage.world.ports.database.invoices.values())[:3]:
        for _ in range(3):
            stage.counted_response(stage.api.post(f"/invoices/{invoice.id}/refresh", {}))


def sent_invoice(stage: Stage, account: str, original: dict[str, Any], *, by_platform: bool) -> str:
    """Creates another live invoice with the ids of this one, by the platform or by the company with its own key."""
    double = stage.world.double
    options: Any = {"stripe_account": account} if by_platform else {"api_key": f"sk_test_{account}"}
    invoices = stage.world.client.v1.invoices
    parameters: Any = {
        "customer": original["customer"],
        "metadata": original["metadata"],
        "collection_method": "send_invoice",
        "days_until_due": 30,
    }
    draft = invoices.create(parameters, options)
    assert draft.application == (double.config.client_id_test if by_platform else None)
    lines: Any = {"lines": [{"description": "Cleaning", "amount": 7500}]}
    invoices.add_lines(str(draft.id), lines, options)
    invoices.finalize_invoice(str(draft.id), None, options)
    return str(draft.id)


def compare(stage: Stage) -> None:
    """Runs the daily comparison of the company's objects, which ends with the tie-out of the books."""
    stage.world.ports.queues.send(Reconciliation(ORGANIZATION, objects=True))

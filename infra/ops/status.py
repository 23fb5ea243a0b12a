"""`status`: shows the state of a stage on one screen, and whether all is well."""

from __future__ import annotations

from typing import Any

import click

from chalicelib.domain.connection import Connection, Freeze
from chalicelib.usecases.connecting.webhook_health import arrival_problem
from infra.ops import lookups, troubles
from infra.ops.alarm_states import AlarmState, State, alarm_states
from infra.ops.cli import command
from infra.ops.erasure_rows import unfinished_erasures
from infra.ops.refused_webhooks import HOURS, refused_signatures
from infra.ops.screen import Screen, time_since, timestamp
from infra.ops.stage import Stage

STUCK_AT_ONCE = 500


@click.command()
@command
def status(stage: Stage, screen: Screen) -> None:
    """Show organizations, freezes, queues, dead letters, stuck invoices, webhooks, the canary and the alarms.

    The last lines say whether all is well, or list what is wrong and what is unknown. The exit status is 1 unless all
    is well.
    """
    now, troubles_found = stage.ports.clock.now(), []
    troubles_found += _organizations(stage, screen, now)
    depths = lookups.queue_depths(stage)
    screen.table("queues", "Queues", depths)
    troubles_found += troubles.of_queues(depths)
    stuck = stage.ports.invoices.due_for_work(now, STUCK_AT_ONCE)
    screen.table(
        "stuck",
        "Stuck invoices",
        [{"organization": organization_id, "invoice": invoice_id} for organization_id, invoice_id in stuck],
    )
    troubles_found += troubles.of_stuck(len(stuck))
    erasures = unfinished_erasures(stage)
    screen.table("erasures", "Erasures that are not finished (UTC)", erasures)
    troubles_found += troubles.of_erasures(erasures)
    troubles_found += _webhooks_in_general(stage, screen, now)
    states = alarm_states(stage)
    screen.fact("alarms", _rows(states), f"Alarms: {_in_words(states)}")
    troubles_found += troubles.of_alarms(states)
    if troubles_found:
        screen.failed = True
        screen.table("troubles", "Problems and unknown values", [each.row for each in troubles_found])
    else:
        screen.document["troubles"] = []
    screen.fact("allWell", not troubles_found, troubles.verdict(troubles_found))


def _organizations(stage: Stage, screen: Screen, now: int) -> list[troubles.Trouble]:
    rows: list[dict[str, Any]] = []
    frozen: list[dict[str, Any]] = []
    for connection in screen.each(lookups.organizations(stage), "Organizations"):
        if connection.frozen is not None:
            frozen.append(_freeze(connection.organization_id, connection.frozen))
        rows.append(_organization(connection, stage, now))
    freeze, since = stage.ports.connections.platform_freeze(), None
    if freeze is not None:
        since = f"since {timestamp(freeze.at)}, by {freeze.by}: {freeze.reason}"
        screen.fact(
            "platformFrozen", since, f"FROZEN: all organizations, including those that connect later, {since}"
        )
    screen.table("organizations", "Organizations", rows)
    screen.table("frozen", "Frozen organizations", frozen)
    return [*troubles.of_freezes(since, frozen), *troubles.of_organizations(rows)]


def _organization(connection: Connection, stage: Stage, now: int) -> dict[str, Any]:
    account, latest = connection.account_id, connection.sweep.latest
    last = stage.ports.events.last_received_at(account) if account else None
    return {
        "organization": connection.organization_id,
        "account": account,
        "status": connection.status(now).value,
        "frozen": connection.frozen is not None,
        "last_event": time_since(last, now),
        "swept": time_since(connection.sweep.swept_until, now),
        "recovered": latest.recovered + latest.corrected + latest.payouts if latest else 0,
        "webhooks": _webhooks(connection, stage),
        "parked": sum(1 for _ in lookups.parked_events(stage, account)) if account else 0,
    }


def _webhooks_in_general(stage: Stage, screen: Screen, now: int) -> list[troubles.Trouble]:
    check, flight = stage.ports.connections.webhook_check(), stage.ports.connections.canary_run()
    endpoint, canary = troubles.endpoint_in_words(check, now), troubles.canary_in_words(flight, now)
    screen.fact("webhookEndpoint", endpoint, f"Webhook endpoint in Stripe: {endpoint}")
    screen.fact("canary", canary, f"Canary: {canary}")
    in_an_hour, in_all = refused_signatures(stage, 1), refused_signatures(stage, HOURS)
    for name, count, words in (("LastHour", in_an_hour, "the last hour"), ("", in_all, f"{HOURS} hours")):
        figure = "unknown" if count is None else count
        screen.fact(f"refusedSignatures{name}", figure, f"Webhooks refused for their signature in {words}: {figure}")
    ages = {secret.value: days for secret, days in stage.ports.secret_ages.days().items()}
    screen.fact("secretAges", ages, f"Days since a secret was changed: {troubles.ages_in_words(ages)}")
    return [
        *troubles.of_endpoint(check, now, endpoint),
        *troubles.of_canary(flight, now, canary),
        *troubles.of_signatures(in_an_hour),
        *troubles.of_secrets(ages),
    ]


def _freeze(organization_id: str, freeze: Freeze) -> dict[str, Any]:
    return {"organization": organization_id, "since": timestamp(freeze.at), "by": freeze.by, "reason": freeze.reason}


def _webhooks(connection: Connection, stage: Stage) -> str:
    """Returns in words whether webhooks arrive, by the result of the latest sweep."""
    if not connection.active:
        return troubles.NOT_CONNECTED
    return arrival_problem(connection, stage.ports) or troubles.NO_PROBLEM


def _rows(states: list[AlarmState] | None) -> list[dict[str, str]] | None:
    if states is None:
        return None
    return [
        {"alarm": each.name, "state": each.state, "grade": each.grade, "run_book": each.run_book} for each in states
    ]


def _in_words(states: list[AlarmState] | None) -> str:
    if states is None:
        return "unknown"
    counts = {state: sum(each.state is state for each in states) for state in State}
    return ", ".join(f"{counts[state]} {state}" for state in State)

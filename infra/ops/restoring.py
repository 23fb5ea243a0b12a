"""`restore-items`: the tables of a stage set back to copies of an earlier moment, with everybody frozen.

Whoever was erased since then stays erased: the present tables know it, and win over the copies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import click
from pynamodb.models import Model

from chalicelib.adapters.tables import TABLES
from chalicelib.adapters.tables.codec import decode_item
from chalicelib.adapters.tables.connections import KIND, connection_values
from chalicelib.adapters.tables.models import ConnectionItem, SummaryItem
from chalicelib.adapters.tables.writes import attributes
from chalicelib.domain.connection import Connection, Freeze
from infra.ops import books
from infra.ops.cli import command, dry_run
from infra.ops.copied_tables import Item, MissingCopies, SetBack, require_copies, set_back
from infra.ops.kept_erasures import KeptErasures
from infra.ops.own_records import erase_own_records
from infra.ops.rejoined import Rejoined, rejoin
from infra.ops.screen import Screen
from infra.ops.stage import Stage

COPY = "-restored"
NEXT = (
    "Go on as docs/runbooks/restore-from-pitr.md says: repeat erasures that the present tables did not have, and "
    "unfreeze nobody before the backfill has ended."
)


@click.command("restore-items")
@click.option(
    "--suffix", default=COPY, show_default=True, help="What the copies are named behind their tables' names."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run
@command
def restore_items(stage: Stage, screen: Screen, suffix: str, yes: bool, dry_run: bool) -> None:
    """Set all tables back to copies of an earlier moment, such as DynamoDB and AWS Backup restore them.

    What is not in the copies is deleted. Everybody must be frozen before, and stays frozen: the freeze is written
    into each connection that is copied. Customers and organizations that were erased stay erased, as far as the
    present tables know of it, and workers erase again what the copies have of them. Claims, rows of money,
    references and tallies are made to agree with the invoices. The functions must be stopped meanwhile. It can be
    stopped and run again, and then begins anew.
    """
    freeze = _freeze_of_everybody(stage, screen)
    if freeze is None:
        return
    sources = _sources(suffix)
    try:
        require_copies(sources.values())
    except MissingCopies as missing:
        screen.failure(str(missing))
        return
    if dry_run or not yes:
        would = _all_set_back(stage, screen, sources, freeze, KeptErasures(stage.ports.clock.now()), dry_run=True)
        if dry_run:
            screen.table("tables", "Would be set back", [asdict(each) for each in would])
            return
        gone = f"delete {sum(each.deleted for each in would)} items that are in no copy"
        click.confirm(f"Set all tables of {stage.config.table_prefix} back, and {gone}?", abort=True, err=True)
    erasures = KeptErasures(stage.ports.clock.now())
    done = _all_set_back(stage, screen, sources, freeze, erasures, dry_run=False)
    screen.table("tables", "Set back", [asdict(each) for each in done])
    for each in sorted(erasures.organizations):
        erase_own_records(each, freeze.by, stage.ports)
    screen.fact(
        "erasedOrganizations", len(erasures.organizations), f"Erased organizations: {len(erasures.organizations)}."
    )
    for table, count in erasures.unreadable.items():
        screen.warning(
            f"{count} present items of {table} could not be read, so nobody knows whether they were erased. Repeat "
            "all erasures since the moment of the copies."
        )
    screen.step(NEXT)


def _freeze_of_everybody(stage: Stage, screen: Screen) -> Freeze | None:
    """Returns the freeze that newcomers get. Returns None after telling that not everybody is frozen."""
    freeze = stage.ports.connections.platform_freeze()
    free = [each.organization_id for each in books.organizations(stage) if each.active and each.frozen is None]
    if freeze is None or free:
        screen.failure(
            "Nothing was touched: not everybody is frozen, and who is not could bill services again whose invoices "
            f"the copies do not have. Run {screen.command('freeze', options=('--all', '--reason', 'WHY'))} first."
        )
        return None
    return freeze


def _sources(suffix: str) -> Mapping[type[Model], str]:
    """Tallies have none: they are counted anew."""
    return {model: f"{model.Meta.table_name}{suffix}" for model in TABLES if model is not SummaryItem}


def _all_set_back(
    stage: Stage,
    screen: Screen,
    sources: Mapping[type[Model], str],
    freeze: Freeze,
    erasures: KeptErasures,
    *,
    dry_run: bool,
) -> list[SetBack]:
    """Connections come last: until they are there, nobody of the copy can do anything, nor is swept."""

    def frozen_too(item: Item) -> Item:
        return _frozen(item, freeze)

    pause = stage.ports.clock.pause
    others = {model: source for model, source in sources.items() if model is not ConnectionItem}
    done = []
    for model, source in screen.each(others.items(), "Tables", len(others)):
        done.append(set_back(model, source, pause, keeps=erasures.of(model), dry_run=dry_run))
    if not dry_run:
        set_back(SummaryItem, None, pause)
        _tell(screen, rejoin(stage.ports))
    connections = sources[ConnectionItem]
    keeps = erasures.of(ConnectionItem)
    done.append(set_back(ConnectionItem, connections, pause, changed=frozen_too, keeps=keeps, dry_run=dry_run))
    return done


def _frozen(item: Item, freeze: Freeze) -> Item:
    """Returns the item of a connection with the freeze, and any other item as it is."""
    if item["kind"]["S"] != KIND:
        return item
    connection = decode_item(Connection, item)
    if connection.frozen is not None:
        return item
    values: dict[str, Any] = attributes(connection_values(replace(connection, frozen=freeze)))
    return values


def _tell(screen: Screen, done: Rejoined) -> None:
    screen.fact("invoices", done.invoices, f"Invoices rejoined with their money and tallies: {done.invoices}.")
    screen.fact("claims", done.claims, f"Claims that the copies lacked: {done.claims}.")
    screen.table("refused", "Invoices that could not be rejoined", done.refused)
    for each in done.refused:
        screen.failure(f"{each['organization']} {each['invoice']}: {each['why']}")

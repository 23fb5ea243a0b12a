"""`restore-items`: sets the tables of a stage back to copies from an earlier time, while all organizations are
frozen.

Customers and organizations that were erased since then stay erased, because the present tables override the copies.
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
from infra.ops import lookups
from infra.ops.cli import command, dry_run
from infra.ops.copied_tables import Item, MissingCopies, SetBackCounts, require_copies, set_back
from infra.ops.organization_records import erase_organization_records
from infra.ops.rejoin import RejoinResult, rejoin
from infra.ops.screen import Screen
from infra.ops.stage import Stage
from infra.ops.surviving_erasures import SurvivingErasures

COPY = "-restored"
NEXT = (
    "Continue as docs/runbooks/restore-from-pitr.md says: repeat erasures that the present tables did not have, and "
    "do not unfreeze any organization before the backfill has ended."
)


@click.command("restore-items")
@click.option(
    "--suffix",
    default=COPY,
    show_default=True,
    help="The suffix of the copies' names, after the names of the tables.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run
@command
def restore_items(stage: Stage, screen: Screen, suffix: str, yes: bool, dry_run: bool) -> None:
    """Set all tables back to copies from an earlier time, as DynamoDB and AWS Backup restore them.

    Items that are not in the copies are deleted. All organizations must be frozen before, and stay frozen: the freeze
    is written into each copied connection. Customers and organizations that the present tables record as erased stay
    erased, and workers erase the copies' records of them again. Claims, rows of payments, references and tallies are
    made to agree with the invoices. Stop the functions before you run the command. You can stop the command and run
    it again; then it starts from the beginning.
    """
    freeze = _platform_freeze(stage, screen)
    if freeze is None:
        return
    sources = _sources(suffix)
    try:
        require_copies(sources.values())
    except MissingCopies as missing:
        screen.failure(str(missing))
        return
    if dry_run or not yes:
        planned_counts = _set_all_back(
            stage, screen, sources, freeze, SurvivingErasures(stage.ports.clock.now()), dry_run=True
        )
        if dry_run:
            screen.table("tables", "Would be set back", [asdict(each) for each in planned_counts])
            return
        deletions = f"delete {sum(each.deleted for each in planned_counts)} items that no copy has"
        click.confirm(f"Set all tables of {stage.config.table_prefix} back, and {deletions}?", abort=True, err=True)
    erasures = SurvivingErasures(stage.ports.clock.now())
    counts = _set_all_back(stage, screen, sources, freeze, erasures, dry_run=False)
    screen.table("tables", "Set back", [asdict(each) for each in counts])
    for each in sorted(erasures.organizations):
        erase_organization_records(each, freeze.by, stage.ports)
    screen.fact(
        "erasedOrganizations", len(erasures.organizations), f"Erased organizations: {len(erasures.organizations)}."
    )
    for table, count in erasures.unreadable.items():
        screen.warning(
            f"{count} present items of {table} could not be read, so it is unknown whether they were erased. Repeat "
            "all erasures since the time of the copies."
        )
    screen.step(NEXT)


def _platform_freeze(stage: Stage, screen: Screen) -> Freeze | None:
    """Returns the freeze of organizations that connect later, or None, after a failure, if one is not frozen."""
    freeze = stage.ports.connections.platform_freeze()
    unfrozen = [each.organization_id for each in lookups.organizations(stage) if each.active and each.frozen is None]
    if freeze is None or unfrozen:
        screen.failure(
            "Nothing was changed: not all organizations are frozen. An organization that is not frozen could bill "
            "services again whose invoices the copies lack. Run "
            f"{screen.command('freeze', options=('--all', '--reason', 'REASON'))} first."
        )
        return None
    return freeze


def _sources(suffix: str) -> Mapping[type[Model], str]:
    """Returns the name of the copy of each table. Tallies have no copy, because they are counted again."""
    return {model: f"{model.Meta.table_name}{suffix}" for model in TABLES if model is not SummaryItem}


def _set_all_back(
    stage: Stage,
    screen: Screen,
    sources: Mapping[type[Model], str],
    freeze: Freeze,
    erasures: SurvivingErasures,
    *,
    dry_run: bool,
) -> list[SetBackCounts]:
    """Sets all tables back and returns the counts. Connections come last, so that no restored organization can
    act.
    """

    def frozen_too(item: Item) -> Item:
        return _with_freeze(item, freeze)

    pause = stage.ports.clock.pause
    other_tables = {model: source for model, source in sources.items() if model is not ConnectionItem}
    counts = []
    for model, source in screen.each(other_tables.items(), "Tables", len(other_tables)):
        counts.append(set_back(model, source, pause, keeps=erasures.of(model), dry_run=dry_run))
    if not dry_run:
        set_back(SummaryItem, None, pause)
        _show_rejoined(screen, rejoin(stage.ports))
    connections = sources[ConnectionItem]
    keeps = erasures.of(ConnectionItem)
    counts.append(set_back(ConnectionItem, connections, pause, change=frozen_too, keeps=keeps, dry_run=dry_run))
    return counts


def _with_freeze(item: Item, freeze: Freeze) -> Item:
    """Returns the item of a connection with the freeze added, and any other item unchanged."""
    if item["kind"]["S"] != KIND:
        return item
    connection = decode_item(Connection, item)
    if connection.frozen is not None:
        return item
    values: dict[str, Any] = attributes(connection_values(replace(connection, frozen=freeze)))
    return values


def _show_rejoined(screen: Screen, result: RejoinResult) -> None:
    screen.fact("invoices", result.invoices, f"Invoices whose money and tallies were repaired: {result.invoices}.")
    screen.fact("claims", result.claims, f"Claims that the copies lacked: {result.claims}.")
    screen.table("refused", "Invoices that could not be repaired", result.refused)
    for each in result.refused:
        screen.failure(f"{each['organization']} {each['invoice']}: {each['why']}")

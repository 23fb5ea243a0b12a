"""`payouts`: an organization's payouts and their lines against Stripe's, and the repair of those that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

import click

from chalicelib.domain.connection import usable_account
from chalicelib.domain.errors import AccountUnreachable, Retryable
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports
from chalicelib.usecases.reconciling.tie_out_payouts import ComparedPayout, tie_out_payouts
from infra.ops import books
from infra.ops.cli import command, dry_run
from infra.ops.listing_progress import watched_listing
from infra.ops.payout_rows import difference_line, payout_lines, payout_row
from infra.ops.screen import Screen
from infra.ops.stage import Stage
from infra.ops.tied_payouts import Result, TiedPayout, judged, repaired

Settled = Callable[[ComparedPayout, Ports], TiedPayout]

DIFFERENCES_SHOWN = 20
"""Differences that people see. A payout that POM does not have may differ by thousands of lines; JSON has all."""


@click.command()
@click.argument("organization")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Payouts made since then.")
@click.option("--repair", is_flag=True, help="Bring POM's payouts and lines to Stripe's.")
@dry_run
@command
def payouts(stage: Stage, screen: Screen, organization: str, days: int, repair: bool, dry_run: bool) -> None:
    """Compare an organization's payouts with Stripe's, each with its lines, and repair them with --repair.

    The exit status is 1 if a payout differs and was not repaired. What is right is not written, so it can be stopped
    and run again. A dry run says what a repair would do.
    """
    connection, _ = books.connected(stage, organization)
    account_id = usable_account(connection)

    def settled(compared: ComparedPayout, ports: Ports) -> TiedPayout:
        if repair and not dry_run:
            return repaired(compared, connection.organization_id, account_id, ports)
        return judged(compared, would_repair=dry_run)

    tied = list(_one_by_one(stage, screen, connection.organization_id, days, settled))
    rows = [payout_row(each) for each in tied]
    heading, lines = payout_lines(rows)
    screen.lines("payouts", f"Payouts of {organization} in {days} days", rows, lines, heading)
    counts = Counter(each.result for each in tied)
    told = ", ".join(f"{counts[result]} {result}" for result in Result if counts[result])
    screen.fact("counts", {result.name.lower(): counts[result] for result in Result}, told or "Nothing to compare.")
    _show_differences(screen, tied)
    if left := sum(each.result.differs for each in tied):
        screen.failure(f"{left} of {len(tied)} payouts differ.")


def _show_differences(screen: Screen, tied: Sequence[TiedPayout]) -> None:
    rows = [asdict(difference) for each in tied for difference in each.differences]
    shown = [difference_line(row) for row in rows[:DIFFERENCES_SHOWN]]
    title = "Differences" if len(rows) <= len(shown) else f"Differences, the first {len(shown)} of {len(rows)}"
    screen.lines("differences", title, rows, shown)


def _one_by_one(
    stage: Stage, screen: Screen, organization_id: OrganizationId, days: int, settled: Settled
) -> Iterator[TiedPayout]:
    """Yields what became of each payout. If Stripe cannot be asked any more, the other payouts are left."""
    done = 0
    with watched_listing(stage.ports, screen) as ports:
        try:
            for compared in tie_out_payouts(organization_id, ports, days=days):
                yield settled(compared, ports)
                done += 1
        except (AccountUnreachable, Retryable) as error:
            screen.failure(f"{error}. {done} payouts have been compared; run it again for the others.")

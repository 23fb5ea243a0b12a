"""`payouts`: compares an organization's payouts and their lines with Stripe's, and repairs the differences."""

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
from infra.ops import lookups
from infra.ops.cli import command, dry_run
from infra.ops.listing_progress import watched_listing
from infra.ops.payout_results import PayoutResult, Result, repair_payout, result_of
from infra.ops.payout_rows import difference_line, payout_lines, payout_row
from infra.ops.screen import Screen
from infra.ops.stage import Stage

Settle = Callable[[ComparedPayout, Ports], PayoutResult]

DIFFERENCES_SHOWN = 20
"""The number of differences that are printed. A missing payout may differ in thousands of lines; JSON has all."""


@click.command()
@click.argument("organization")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Payouts made since then.")
@click.option("--repair", is_flag=True, help="Replace POM's payouts and lines by Stripe's.")
@dry_run
@command
def payouts(stage: Stage, screen: Screen, organization: str, days: int, repair: bool, dry_run: bool) -> None:
    """Compare an organization's payouts and their lines with Stripe's. --repair corrects POM's.

    The exit status is 1 if a payout differs and was not repaired. Correct payouts are not written, so you can stop
    the command and run it again. A dry run shows what a repair would do.
    """
    connection, _ = lookups.connection_and_account(stage, organization)
    account_id = usable_account(connection)

    def settle(comparison: ComparedPayout, ports: Ports) -> PayoutResult:
        if repair and not dry_run:
            return repair_payout(comparison, connection.organization_id, account_id, ports)
        return result_of(comparison, would_repair=dry_run)

    results = list(_one_by_one(stage, screen, connection.organization_id, days, settle))
    rows = [payout_row(each) for each in results]
    heading, lines = payout_lines(rows)
    screen.lines("payouts", f"Payouts of {organization} in {days} days", rows, lines, heading)
    counts = Counter(each.result for each in results)
    summary = ", ".join(f"{counts[result]} {result}" for result in Result if counts[result])
    screen.fact(
        "counts", {result.name.lower(): counts[result] for result in Result}, summary or "Nothing to compare."
    )
    _show_differences(screen, results)
    if differing := sum(each.result.differs for each in results):
        screen.failure(f"{differing} of {len(results)} payouts differ.")


def _show_differences(screen: Screen, results: Sequence[PayoutResult]) -> None:
    rows = [asdict(difference) for each in results for difference in each.differences]
    lines = [difference_line(row) for row in rows[:DIFFERENCES_SHOWN]]
    title = "Differences" if len(rows) <= len(lines) else f"Differences, the first {len(lines)} of {len(rows)}"
    screen.lines("differences", title, rows, lines)


def _one_by_one(
    stage: Stage, screen: Screen, organization_id: OrganizationId, days: int, settle: Settle
) -> Iterator[PayoutResult]:
    """Yields the result for each payout. Stops if Stripe cannot be reached any more."""
    compared_count = 0
    with watched_listing(stage.ports, screen) as ports:
        try:
            for comparison in tie_out_payouts(organization_id, ports, days=days):
                yield settle(comparison, ports)
                compared_count += 1
        except (AccountUnreachable, Retryable) as error:
            screen.failure(f"{error}. {compared_count} payouts have been compared; run it again for the others.")

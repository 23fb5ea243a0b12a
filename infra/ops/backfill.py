"""`backfill`: corrects POM's records by Stripe's data since a given time, and creates lost records again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chalicelib.domain.errors import AccountUnreachable, Retryable, StaleWrite
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.pacing import Pace
from chalicelib.ports import Ports
from chalicelib.ports.pacing import PacedStripe, paced
from chalicelib.usecases.reconciling.backfill import (
    BackfillOutcome,
    BackfillResult,
    InvoiceToBackfill,
    invoices_to_backfill,
)
from chalicelib.usecases.reconciling.backfill import backfill as backfilled
from infra.ops.cli import all_organizations, command, dry_run
from infra.ops.control import chosen_organizations
from infra.ops.repair import TimeParam
from infra.ops.screen import Screen, timestamp
from infra.ops.stage import Stage

PATIENT_FOR = 7 * 86400
"""Seconds for which a throttled request is repeated, with growing pauses."""


@click.command()
@click.argument("organizations", nargs=-1)
@all_organizations
@click.option("--since", type=TimeParam(), required=True, help="Invoices since this time: 2026-01-01, or 90d.")
@click.option("--after", metavar="ID", help="Continue after this Stripe invoice; with one organization.")
@click.option("--rate", type=click.FloatRange(0.1, 20), default=5.0, show_default=True, help="Invoices a second.")
@dry_run
@command
def backfill(
    stage: Stage,
    screen: Screen,
    organizations: tuple[str, ...],
    all_organizations: bool,
    since: int,
    after: str | None,
    rate: float,
    dry_run: bool,
) -> None:
    """Read Stripe's invoices, payments, refunds and disputes since a given time, and correct POM's records.

    A lost record is created again as far as Stripe has its data, with the claims on its services. The command names
    the records that cannot be created again. Correct records are not written, so you can stop the command and run it
    again. A dry run cannot detect that a service of a lost invoice has been billed again.
    """
    organization_ids = chosen_organizations(stage, organizations, all_organizations)
    if after is not None and len(organization_ids) != 1:
        raise click.UsageError("Use --after with one organization.")
    pace = Pace(round(rate * 1000))
    ports = paced(stage.ports, PacedStripe(stage.ports, pace, pace.rate, stage.ports.clock.now() + PATIENT_FOR))
    backfills = [
        _OrganizationBackfill(each, since, dry_run=dry_run).run(ports, screen, after) for each in organization_ids
    ]
    screen.table("organizations", "Would be done" if dry_run else "Done", [each.counts for each in backfills])
    screen.table(
        "invoices", "Invoices that were corrected or failed", [row for each in backfills for row in each.rows]
    )


@dataclass
class _OrganizationBackfill:
    """The backfill of one organization: its results so far, and where to continue."""

    id: OrganizationId
    since: int
    dry_run: bool
    total: int = 0
    did: Counter[BackfillOutcome] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0
    latest: str | None = None

    def run(self, ports: Ports, screen: Screen, after: str | None) -> _OrganizationBackfill:
        """Reads all invoices after `after`. Stops, and says how to continue, if Stripe cannot be reached any more."""
        self.latest = after
        try:
            listed = self._after(after, invoices_to_backfill(self.id, self.since, ports))
            self.total = len(listed)
            for each in _with_progress(screen, listed, self.id):
                self._backfill_invoice(each, ports, screen)
        except (AccountUnreachable, Retryable) as error:
            screen.failure(f"{self.id}: {error}. {self._how_to_continue(screen)}")
        except KeyboardInterrupt:
            screen.failure(f"{self.id}: interrupted. {self._how_to_continue(screen)}")
            raise
        except click.ClickException:
            raise
        except Exception as error:  # noqa: BLE001 the other organizations are to be gone over nevertheless
            screen.failure(f"{self.id}: {type(error).__name__}: {error}")
        return self

    def _backfill_invoice(self, listed: InvoiceToBackfill, ports: Ports, screen: Screen) -> None:
        try:
            self._report(backfilled(listed, self.id, ports, dry_run=self.dry_run), screen)
        except AccountUnreachable:
            raise
        except Retryable as error:
            if not isinstance(error, StaleWrite):
                raise
            self._report_failure(listed, error, screen)
        except Exception as error:  # noqa: BLE001 the others are to be looked at nevertheless
            self._report_failure(listed, error, screen)
        self.latest = listed.stripe_id

    def _report(self, backfilled_invoice: BackfillResult, screen: Screen) -> None:
        self.did[backfilled_invoice.did] += 1
        if backfilled_invoice.did is not BackfillOutcome.UNCHANGED:
            self.rows.append(
                _row(self.id, backfilled_invoice.listed, backfilled_invoice.did, backfilled_invoice.remark)
            )
        if backfilled_invoice.did is BackfillOutcome.NOT_RECREATED:
            screen.failure(
                f"{backfilled_invoice.listed.stripe_id} could not be created again: {backfilled_invoice.remark}"
            )

    def _report_failure(self, listed: InvoiceToBackfill, error: Exception, screen: Screen) -> None:
        self.failed += 1
        self.rows.append(_row(self.id, listed, "failed", f"{type(error).__name__}: {error}"))
        screen.failure(f"{listed.stripe_id}: {type(error).__name__}: {error}")

    def _after(self, after: str | None, listed: Sequence[InvoiceToBackfill]) -> Sequence[InvoiceToBackfill]:
        if after is None:
            return listed
        places = [place for place, each in enumerate(listed) if each.stripe_id == after]
        if not places:
            raise click.UsageError(f"{after} is not one of the {len(listed)} invoices since {timestamp(self.since)}.")
        return listed[places[0] + 1 :]

    @property
    def counts(self) -> dict[str, Any]:
        return {
            "organization": self.id,
            "invoices": self.total,
            **{each.value: self.did[each] for each in BackfillOutcome},
            "failed": self.failed,
        }

    def _how_to_continue(self, screen: Screen) -> str:
        after_option = ("--after", self.latest) if self.latest else ()
        dry_run_option = ("--dry-run",) if self.dry_run else ()
        command = screen.command(
            "backfill", self.id, options=("--since", str(timestamp(self.since)), *after_option, *dry_run_option)
        )
        return f"{sum(self.did.values()) + self.failed} of {self.total} are done; continue with: {command}"


def _row(organization_id: OrganizationId, listed: InvoiceToBackfill, did: str, remark: str) -> dict[str, Any]:
    return {
        "organization": organization_id,
        "invoice": listed.invoice_id,
        "in_stripe": listed.stripe_id,
        "did": did,
        "remark": remark,
    }


def _with_progress(
    screen: Screen, listed: Sequence[InvoiceToBackfill], organization_id: OrganizationId
) -> Iterator[InvoiceToBackfill]:
    """Yields the invoices, and shows a progress bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = screen.as_json or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden, transient=True) as bar:
        yield from bar.track(listed, description=organization_id)

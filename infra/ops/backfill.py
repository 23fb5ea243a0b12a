"""`backfill`: our records brought to what Stripe says, from a moment on; those that are lost made again."""

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
from infra.ops.cli import command, dry_run, everybody
from infra.ops.control import chosen
from infra.ops.repair import Moment
from infra.ops.screen import Screen, moment
from infra.ops.stage import Stage

PATIENT_FOR = 7 * 86400
"""Seconds for which a request that Stripe throttles is made again, ever more slowly."""


@click.command()
@click.argument("organizations", nargs=-1)
@everybody
@click.option("--since", type=Moment(), required=True, help="From this moment on: 2026-01-01, or 90d.")
@click.option("--after", metavar="ID", help="Go on behind this invoice of Stripe's; with one organization.")
@click.option("--rate", type=click.FloatRange(0.1, 20), default=5.0, show_default=True, help="Invoices a second.")
@dry_run
@command
def backfill(
    stage: Stage,
    screen: Screen,
    organizations: tuple[str, ...],
    everybody: bool,
    since: int,
    after: str | None,
    rate: float,
    dry_run: bool,
) -> None:
    """Go over Stripe's invoices, payments, refunds and disputes since a moment, and set our records right.

    A record that is lost is made again as far as Stripe remembers, with its services' claims; what cannot be is
    named. What is right is not written, so it can be stopped and run again. A dry run cannot tell whether a service
    of a lost invoice has been billed again.
    """
    wanted = chosen(stage, organizations, everybody)
    if after is not None and len(wanted) != 1:
        raise click.UsageError("--after goes with one organization.")
    pace = Pace(round(rate * 1000))
    ports = paced(stage.ports, PacedStripe(stage.ports, pace, pace.rate, stage.ports.clock.now() + PATIENT_FOR))
    done = [_Organization(each, since, dry_run=dry_run).gone_over(ports, screen, after) for each in wanted]
    screen.table("organizations", "Would be done" if dry_run else "Done", [each.counts for each in done])
    screen.table("invoices", "Invoices that were not right", [row for each in done for row in each.rows])


@dataclass
class _Organization:
    """One organization's part: what was done so far, and how to go on."""

    id: OrganizationId
    since: int
    dry_run: bool
    total: int = 0
    did: Counter[BackfillOutcome] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0
    latest: str | None = None

    def gone_over(self, ports: Ports, screen: Screen, after: str | None) -> _Organization:
        """All of its invoices behind `after`. Where Stripe cannot be asked any more, the rest is left."""
        self.latest = after
        try:
            listed = self._behind(after, invoices_to_backfill(self.id, self.since, ports))
            self.total = len(listed)
            for each in _counted(screen, listed, self.id):
                self._one(each, ports, screen)
        except (AccountUnreachable, Retryable) as error:
            screen.failure(f"{self.id}: {error}. {self._how_to_go_on(screen)}")
        except KeyboardInterrupt:
            screen.failure(f"{self.id}: interrupted. {self._how_to_go_on(screen)}")
            raise
        except click.ClickException:
            raise
        except Exception as error:  # noqa: BLE001 the other organizations are to be gone over nevertheless
            screen.failure(f"{self.id}: {type(error).__name__}: {error}")
        return self

    def _one(self, listed: InvoiceToBackfill, ports: Ports, screen: Screen) -> None:
        try:
            self._tell(backfilled(listed, self.id, ports, dry_run=self.dry_run), screen)
        except AccountUnreachable:
            raise
        except Retryable as error:
            if not isinstance(error, StaleWrite):
                raise
            self._fail(listed, error, screen)
        except Exception as error:  # noqa: BLE001 the others are to be looked at nevertheless
            self._fail(listed, error, screen)
        self.latest = listed.stripe_id

    def _tell(self, found: BackfillResult, screen: Screen) -> None:
        self.did[found.did] += 1
        if found.did is not BackfillOutcome.UNCHANGED:
            self.rows.append(_row(self.id, found.listed, found.did, found.remark))
        if found.did is BackfillOutcome.NOT_RECREATED:
            screen.failure(f"{found.listed.stripe_id} could not be made again: {found.remark}")

    def _fail(self, listed: InvoiceToBackfill, error: Exception, screen: Screen) -> None:
        self.failed += 1
        self.rows.append(_row(self.id, listed, "failed", f"{type(error).__name__}: {error}"))
        screen.failure(f"{listed.stripe_id}: {type(error).__name__}: {error}")

    def _behind(self, after: str | None, listed: Sequence[InvoiceToBackfill]) -> Sequence[InvoiceToBackfill]:
        if after is None:
            return listed
        places = [place for place, each in enumerate(listed) if each.stripe_id == after]
        if not places:
            raise click.UsageError(f"{after} is none of the {len(listed)} invoices since {moment(self.since)}.")
        return listed[places[0] + 1 :]

    @property
    def counts(self) -> dict[str, Any]:
        return {
            "organization": self.id,
            "invoices": self.total,
            **{each.value: self.did[each] for each in BackfillOutcome},
            "failed": self.failed,
        }

    def _how_to_go_on(self, screen: Screen) -> str:
        behind = ("--after", self.latest) if self.latest else ()
        only_told = ("--dry-run",) if self.dry_run else ()
        command = screen.command(
            "backfill", self.id, options=("--since", str(moment(self.since)), *behind, *only_told)
        )
        return f"{sum(self.did.values()) + self.failed} of {self.total} are done; go on with: {command}"


def _row(organization_id: OrganizationId, listed: InvoiceToBackfill, did: str, remark: str) -> dict[str, Any]:
    return {
        "organization": organization_id,
        "invoice": listed.invoice_id,
        "in_stripe": listed.stripe_id,
        "did": did,
        "remark": remark,
    }


def _counted(
    screen: Screen, listed: Sequence[InvoiceToBackfill], organization_id: OrganizationId
) -> Iterator[InvoiceToBackfill]:
    """The invoices, with a bar that says i of n where a person watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = screen.as_json or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden, transient=True) as bar:
        yield from bar.track(listed, description=organization_id)

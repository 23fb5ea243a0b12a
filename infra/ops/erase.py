"""`erase`: erases a customer or an organization, or repeats erasures that a restored copy has undone."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

import click

from chalicelib.domain.connection import Connection, usable_account
from chalicelib.domain.customer import Customer
from chalicelib.domain.erasure import ErasureBlocker, ErasureStatus, InStripe
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.usecases.erasing.unsettled import unsettled_of, unsettled_of_organization
from infra.ops import lookups
from infra.ops.cli import command, dry_run
from infra.ops.close_customers import close, close_again, customers_of
from infra.ops.control import in_words
from infra.ops.erasure_log import logged_erasures
from infra.ops.erasure_rows import blocker_row, erasure_row
from infra.ops.organization_records import erase_organization_records
from infra.ops.screen import Screen
from infra.ops.stage import Stage


@click.command()
@click.argument("organization", required=False)
@click.option("--customer", help="Only this customer, by POM's id.")
@click.option(
    "--in-stripe",
    "in_stripe",
    type=click.Choice([each.value for each in InStripe]),
    help="Whether Stripe's customers are kept or deleted. Required, because a deletion cannot be undone.",
)
@click.option(
    "--again",
    type=click.File("r"),
    metavar="FILE",
    help="Erase again the customers that log lines of the function `erasures` name: after a restore and before the "
    "backfill, or after a release without erasures.",
)
@click.option(
    "--by", default=getpass.getuser, show_default="who runs this", callback=in_words, help="Who is responsible."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run
@command
def erase(
    stage: Stage,
    screen: Screen,
    organization: str | None,
    customer: str | None,
    in_stripe: str | None,
    again: TextIO | None,
    by: str,
    yes: bool,
    dry_run: bool,
) -> None:
    """Erase people from all of POM's records. Amounts, dates, numbers and ids stay for bookkeeping.

    A customer is erased as by the API. An organization cannot be erased while it has unsettled payments or while it
    is connected. With --in-stripe delete, the customers of a connected organization are erased, and deleted in
    Stripe. Workers do the work, and check it a day later. Run the command again to see the progress.
    """
    if again is not None:
        if organization or customer or in_stripe:
            raise click.UsageError("--again FILE names the customers, and takes no other names or options.")
        _erase_again(stage, screen, again, by, dry_run=dry_run)
        return
    if organization is None or in_stripe is None:
        raise click.UsageError("Name an organization and add --in-stripe keep or --in-stripe delete.")
    erasing = _Erasing(stage, screen, OrganizationId(organization), InStripe(in_stripe), by, not yes, dry_run)
    if customer is not None:
        erasing.erase_customer(CustomerId(customer))
    else:
        erasing.erase_organization()


@dataclass(frozen=True)
class _Erasing:
    """The erasure of one customer or of all customers of an organization."""

    stage: Stage
    screen: Screen
    organization_id: OrganizationId
    in_stripe: InStripe
    by: str
    asks_first: bool
    dry_run: bool

    def erase_customer(self, customer_id: CustomerId) -> None:
        """Erases a customer as the API does, and shows the progress.

        Raises:
            NotFound: there is no such customer.
            Conflict: the Stripe customer is to be deleted, but the organization is not connected.
        """
        ports = self.stage.ports
        customer = ports.customers.get(self.organization_id, customer_id)
        if customer is None:
            raise NotFound("customer_not_found", f"{self.organization_id} has no customer {customer_id}.")
        if customer.erasure is None:
            if self.in_stripe is InStripe.DELETE:
                usable_account(ports.connections.get(self.organization_id))
            if _fails_because_unsettled(self.screen, unsettled_of(self.organization_id, customer_id, ports)):
                return
            if self.dry_run:
                self.screen.fact("wouldErase", 1, "The customer would be erased.")
                return
            self._confirm(f"{customer_id} of {self.organization_id}")
            customer = close(self.organization_id, customer_id, self.in_stripe, self.by, ports)
        rows = [erasure_row(customer, customer.erasure)] if customer.erasure is not None else []
        self.screen.table("erasures", "Erasures (UTC)", rows)

    def erase_organization(self) -> None:
        """Erases all customers, and the organization's own records if it is not connected.

        Raises:
            NotFound: the organization was never connected.
        """
        ports, screen = self.stage.ports, self.screen
        connection, _ = lookups.connection_and_account(self.stage, self.organization_id)
        if problem := _problem(connection, self.in_stripe):
            screen.failure(problem)
            return
        if connection.erased_at is None and _fails_because_unsettled(
            screen, unsettled_of_organization(self.organization_id, ports)
        ):
            return
        customers = list(customers_of(self.organization_id, ports))
        if self.dry_run:
            said = f"{len(customers)} customers would be erased, unless they are erased already."
            screen.fact("wouldErase", len(customers), said)
            return
        own = "" if connection.active else " and its own records"
        self._confirm(f"all {len(customers)} customers of {self.organization_id}{own}")
        if not connection.active:
            # The organization's records go first, so that nobody can connect or save anything from here on.
            records = erase_organization_records(self.organization_id, self.by, ports)
            screen.table("own", "Erased records of the organization", records.rows)
        each = screen.each(customers, "Customers", len(customers))
        closed = [close(self.organization_id, one, self.in_stripe, self.by, ports) for one in each]
        _show_progress(screen, self.organization_id, closed, is_connected=connection.active)

    def _confirm(self, what: str) -> None:
        if self.asks_first:
            click.confirm(f"Erase {what}? An erasure cannot be undone.", abort=True, err=True)


def _problem(connection: Connection, in_stripe: InStripe) -> str | None:
    """Returns why an organization cannot be erased in this way and what to do, or None if it can."""
    organization_id = connection.organization_id
    if connection.active and in_stripe is InStripe.KEEP:
        return (
            f"{organization_id} is still connected to Stripe, and its events would continue to arrive. An "
            "admin disconnects it "
            "under Settings, Apps, Stripe. To have POM delete its Stripe customers before, use --in-stripe delete."
        )
    if not connection.active and in_stripe is InStripe.DELETE:
        return (
            f"{organization_id} is not connected, so POM cannot delete its Stripe customers. The company does it "
            "in its Stripe dashboard. Use --in-stripe keep."
        )
    return None


def _erase_again(stage: Stage, screen: Screen, lines: Iterable[str], by: str, *, dry_run: bool) -> None:
    """Closes customers again before the backfill can restore them. Customers that are still closed are erased
    again.
    """
    rows = []
    for organization_id, customer_id, in_stripe in screen.each(logged_erasures(lines), "Erasures"):
        customer = stage.ports.customers.get(organization_id, customer_id)
        was_closed = customer is not None and customer.erased
        if not dry_run:
            was_closed = not close_again(organization_id, customer_id, in_stripe, by, stage.ports)
        rows.append({"organization": organization_id, "customer": customer_id, "was_erased": was_closed})
    screen.table("again", "Would be erased again" if dry_run else "Started again", rows)
    screen.fact("repeated", sum(not each["was_erased"] for each in rows), f"Erasures in the file: {len(rows)}.")


def _fails_because_unsettled(screen: Screen, unsettled_objects: Iterable[ErasureBlocker]) -> bool:
    rows = [blocker_row(each) for each in unsettled_objects]
    if rows:
        screen.table("unsettled", "Unsettled", rows)
        screen.failure(
            f"Nothing was erased: {len(rows)} payments, invoices or batches are unsettled. Repeat the command later."
        )
    return bool(rows)


def _show_progress(
    screen: Screen, organization_id: OrganizationId, customers: list[Customer], *, is_connected: bool
) -> None:
    """Shows the progress of an organization's erasure, and lists the customers that wait for something."""
    counts = Counter(each.erasure.status for each in customers if each.erasure is not None)
    rows = [{"erasure": each.value, "customers": counts[each]} for each in ErasureStatus]
    screen.table("customers", "Customers", rows)
    waiting = [
        {"customer": each.id, **blocker_row(unsettled)}
        for each in customers
        if each.erasure is not None
        for unsettled in each.erasure.waits_for
    ]
    if waiting:
        screen.table("waiting", "Customers that wait for something", waiting)
    finished = counts[ErasureStatus.ERASED] == len(customers)
    if is_connected and finished:
        next_step = (
            "All customers are erased. An admin disconnects under Settings, Apps, Stripe. Then erase what is left "
            "with --in-stripe keep."
        )
    elif finished:
        next_step = f"{organization_id} is erased."
    else:
        next_step = (
            "Workers erase the customers, and check them a day later. Run the command again to see the progress."
        )
    screen.fact("finished", finished and not is_connected, next_step)

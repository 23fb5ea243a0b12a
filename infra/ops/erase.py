"""`erase`: a customer, a whole organization, or once more whom a restored copy has brought back."""

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
from infra.ops import books
from infra.ops.cli import command, dry_run
from infra.ops.closing import close, close_again, customers_of
from infra.ops.control import in_words
from infra.ops.erased_again import erasures_in
from infra.ops.erasure_rows import erasure_row, unsettled_row
from infra.ops.own_records import erase_own_records
from infra.ops.screen import Screen
from infra.ops.stage import Stage


@click.command()
@click.argument("organization", required=False)
@click.option("--customer", help="Only this customer, by POM's id.")
@click.option(
    "--in-stripe",
    "in_stripe",
    type=click.Choice([each.value for each in InStripe]),
    help="What becomes of Stripe's customers. Must be said, because a deletion cannot be taken back.",
)
@click.option(
    "--again",
    type=click.File("r"),
    metavar="FILE",
    help="Erase again whom log lines of the function `erasures` name: after a restore and before the backfill, or "
    "after a release that knew no erasures.",
)
@click.option(
    "--by", default=getpass.getuser, show_default="who runs this", callback=in_words, help="Who answers for it."
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
    """Erase people from everything that POM holds. Amounts, dates, numbers and ids stay for the books.

    A customer is erased as by the API. An organization is refused while anything of it is unsettled, or while it is
    connected. The customers of a connected one can be deleted in Stripe first, with --in-stripe delete. Workers do
    the work, and look once more a day later. Type the command again to see how far it is: it goes on where it was.
    """
    if again is not None:
        if organization or customer or in_stripe:
            raise click.UsageError("--again FILE says who, and takes nothing else.")
        _erase_again(stage, screen, again, by, dry_run=dry_run)
        return
    if organization is None or in_stripe is None:
        raise click.UsageError("Name an organization and say --in-stripe keep or --in-stripe delete.")
    erasing = _Erasing(stage, screen, OrganizationId(organization), InStripe(in_stripe), by, not yes, dry_run)
    if customer is not None:
        erasing.one(CustomerId(customer))
    else:
        erasing.everybody()


@dataclass(frozen=True)
class _Erasing:
    """The erasure of one customer of an organization, or of the organization."""

    stage: Stage
    screen: Screen
    organization_id: OrganizationId
    in_stripe: InStripe
    by: str
    asks: bool
    dry_run: bool

    def one(self, customer_id: CustomerId) -> None:
        """Erases a customer as the API does, and tells how far it is.

        Raises:
            NotFound: there is no such customer.
            Conflict: the Stripe customer is to be deleted, and the organization is not connected.
        """
        ports = self.stage.ports
        customer = ports.customers.get(self.organization_id, customer_id)
        if customer is None:
            raise NotFound("customer_not_found", f"{self.organization_id} has no customer {customer_id}.")
        if customer.erasure is None:
            if self.in_stripe is InStripe.DELETE:
                usable_account(ports.connections.get(self.organization_id))
            if _refused(self.screen, unsettled_of(self.organization_id, customer_id, ports)):
                return
            if self.dry_run:
                self.screen.fact("wouldErase", 1, "The customer would be erased.")
                return
            self._ask(f"{customer_id} of {self.organization_id}")
            customer = close(self.organization_id, customer_id, self.in_stripe, self.by, ports)
        rows = [erasure_row(customer, customer.erasure)] if customer.erasure is not None else []
        self.screen.table("erasures", "Erasures (UTC)", rows)

    def everybody(self) -> None:
        """Erases all customers, and what is the organization's own if it is not connected.

        Raises:
            NotFound: it was never connected.
        """
        ports, screen = self.stage.ports, self.screen
        connection, _ = books.connected(self.stage, self.organization_id)
        if problem := _problem(connection, self.in_stripe):
            screen.failure(problem)
            return
        if connection.erased_at is None and _refused(screen, unsettled_of_organization(self.organization_id, ports)):
            return
        customers = list(customers_of(self.organization_id, ports))
        if self.dry_run:
            said = f"{len(customers)} customers would be erased, if they are not yet."
            screen.fact("wouldErase", len(customers), said)
            return
        own = "" if connection.active else " and what is its own"
        self._ask(f"all {len(customers)} customers of {self.organization_id}{own}")
        if not connection.active:
            # First, so that nobody connects or saves anything from here on.
            records = erase_own_records(self.organization_id, self.by, ports)
            screen.table("own", "Erased of the organization's own", records.rows)
        each = screen.each(customers, "Customers", len(customers))
        closed = [close(self.organization_id, one, self.in_stripe, self.by, ports) for one in each]
        _tell_all(screen, self.organization_id, closed, connected=connection.active)

    def _ask(self, what: str) -> None:
        if self.asks:
            click.confirm(f"Erase {what}? An erasure cannot be taken back.", abort=True, err=True)


def _problem(connection: Connection, in_stripe: InStripe) -> str | None:
    """Returns why an organization cannot be erased in this way, and what to do about it."""
    organization_id = connection.organization_id
    if connection.active and in_stripe is InStripe.KEEP:
        return (
            f"{organization_id} is still connected to Stripe, and its events would go on. An admin disconnects it "
            "under Settings, Apps, Stripe. To have POM delete its Stripe customers before, use --in-stripe delete."
        )
    if not connection.active and in_stripe is InStripe.DELETE:
        return (
            f"{organization_id} is not connected, so POM cannot delete its Stripe customers. The company does it "
            "in its Stripe dashboard. Use --in-stripe keep."
        )
    return None


def _erase_again(stage: Stage, screen: Screen, lines: Iterable[str], by: str, *, dry_run: bool) -> None:
    """Closes customers anew, before the backfill can bring them back. Those that are closed are looked at again."""
    rows = []
    for organization_id, customer_id, in_stripe in screen.each(erasures_in(lines), "Erasures"):
        known = stage.ports.customers.get(organization_id, customer_id)
        was_closed = known is not None and known.erased
        if not dry_run:
            was_closed = not close_again(organization_id, customer_id, in_stripe, by, stage.ports)
        rows.append({"organization": organization_id, "customer": customer_id, "was_erased": was_closed})
    screen.table("again", "Would be erased again" if dry_run else "Begun again", rows)
    screen.fact("repeated", sum(not each["was_erased"] for each in rows), f"Erasures in the file: {len(rows)}.")


def _refused(screen: Screen, unsettled: Iterable[ErasureBlocker]) -> bool:
    rows = [unsettled_row(each) for each in unsettled]
    if rows:
        screen.table("unsettled", "Must be settled first", rows)
        screen.failure(f"Nothing was erased: {len(rows)} things are not settled. Repeat the command when they are.")
    return bool(rows)


def _tell_all(screen: Screen, organization_id: OrganizationId, customers: list[Customer], *, connected: bool) -> None:
    """Tells how far an organization's erasure is. Those of its customers that wait for something are listed."""
    counts = Counter(each.erasure.status for each in customers if each.erasure is not None)
    rows = [{"erasure": each.value, "customers": counts[each]} for each in ErasureStatus]
    screen.table("customers", "Customers", rows)
    waiting = [
        {"customer": each.id, **unsettled_row(unsettled)}
        for each in customers
        if each.erasure is not None
        for unsettled in each.erasure.waits_for
    ]
    if waiting:
        screen.table("waiting", "Customers that wait for something", waiting)
    finished = counts[ErasureStatus.ERASED] == len(customers)
    if connected and finished:
        next_step = (
            "All customers are erased. An admin disconnects under Settings, Apps, Stripe. Then erase what is left "
            "with --in-stripe keep."
        )
    elif finished:
        next_step = f"{organization_id} is erased."
    else:
        next_step = (
            "Workers erase the customers, and look once more a day later. Type this again to see how far it is."
        )
    screen.fact("finished", finished and not connected, next_step)

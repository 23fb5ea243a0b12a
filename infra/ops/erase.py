"""`erase`: a customer, a whole organization, or once more whom a restored copy has brought back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, TextIO

import click

from chalicelib.domain.customer import Customer
from chalicelib.domain.erasure import ErasureStatus, InStripe, Unsettled
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.usecases.erasing.request_erasure import request_erasure
from chalicelib.usecases.erasing.unsettled import unsettled_of, unsettled_of_organization
from infra.ops import books
from infra.ops.cli import command, dry_run
from infra.ops.closing import OPERATOR, close, customers_of
from infra.ops.erased_again import erasures_in
from infra.ops.erasure_rows import erasure_row, unsettled_row
from infra.ops.own_records import erase_own_records
from infra.ops.screen import Screen
from infra.ops.stage import Stage

FOREVER = "An erasure cannot be taken back."


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
    help="Erase again whom log lines of the function `erasures` name: after a restore, before the backfill.",
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
        _erase_again(stage, screen, again, dry_run=dry_run)
        return
    if organization is None or in_stripe is None:
        raise click.UsageError("Name an organization and say --in-stripe keep or --in-stripe delete.")
    asks = not (yes or dry_run)
    if customer is not None:
        _erase_customer(
            stage, screen, OrganizationId(organization), CustomerId(customer), InStripe(in_stripe), asks, dry_run
        )
    else:
        _erase_organization(stage, screen, OrganizationId(organization), InStripe(in_stripe), asks, dry_run)


def _erase_customer(
    stage: Stage,
    screen: Screen,
    organization_id: OrganizationId,
    customer_id: CustomerId,
    in_stripe: InStripe,
    asks: bool,
    dry_run: bool,
) -> None:
    known = stage.ports.customers.get(organization_id, customer_id)
    if known is None or known.erasure is None:
        if _refused(screen, unsettled_of(organization_id, customer_id, stage.ports)):
            return
        if dry_run:
            said = "The customer would be erased." if known is not None else "There is no such customer."
            screen.fact("wouldErase", int(known is not None), said)
            return
        if asks:
            click.confirm(f"Erase {customer_id} of {organization_id}? {FOREVER}", abort=True, err=True)
        known = request_erasure(organization_id, customer_id, in_stripe, OPERATOR, stage.ports)
    _tell(screen, [known])


def _erase_organization(
    stage: Stage, screen: Screen, organization_id: OrganizationId, in_stripe: InStripe, asks: bool, dry_run: bool
) -> None:
    connection, _ = books.connected(stage, organization_id)
    connected = connection.active
    if connected and in_stripe is InStripe.KEEP:
        screen.failure(
            f"{organization_id} is still connected to Stripe, and its events would go on. An admin disconnects it "
            "under Settings, Apps, Stripe. To have POM delete its Stripe customers before, use --in-stripe delete."
        )
        return
    if not connected and in_stripe is InStripe.DELETE:
        screen.failure(
            f"{organization_id} is not connected, so POM cannot delete its Stripe customers. The company does it "
            "in its Stripe dashboard. Use --in-stripe keep."
        )
        return
    if connection.erased_at is None and _refused(screen, unsettled_of_organization(organization_id, stage.ports)):
        return
    customers = list(customers_of(organization_id, stage.ports))
    if dry_run:
        screen.fact("wouldErase", len(customers), f"{len(customers)} customers would be erased, if they are not yet.")
        return
    if asks:
        what = f"all {len(customers)} customers of {organization_id}"
        click.confirm(f"Erase {what}{'' if connected else ' and what is its own'}? {FOREVER}", abort=True, err=True)
    if not connected:
        # First, so that nobody connects or saves anything from here on.
        own = erase_own_records(organization_id, stage.ports)
        screen.table("own", "Erased of the organization's own", own.rows)
    each = screen.each(customers, "Customers", len(customers))
    done = [close(organization_id, customer_id, in_stripe, stage.ports) for customer_id in each]
    _tell_all(screen, organization_id, done, connected=connected)


def _erase_again(stage: Stage, screen: Screen, lines: Iterable[str], *, dry_run: bool) -> None:
    """Closes customers anew, before the backfill can bring them back. Those that are closed already stay so."""
    rows = []
    for organization_id, customer_id, in_stripe in screen.each(erasures_in(lines), "Erasures"):
        known = stage.ports.customers.get(organization_id, customer_id)
        was_closed = known is not None and known.erased
        if not dry_run and not was_closed:
            close(organization_id, customer_id, in_stripe, stage.ports)
        rows.append({"organization": organization_id, "customer": customer_id, "was_erased": was_closed})
    screen.table("again", "Would be erased again" if dry_run else "Erased again", rows)
    screen.fact("repeated", sum(not each["was_erased"] for each in rows), f"Erasures in the file: {len(rows)}.")


def _refused(screen: Screen, unsettled: Iterable[Unsettled]) -> bool:
    rows = [unsettled_row(each) for each in unsettled]
    if rows:
        screen.table("unsettled", "Must be settled first", rows)
        screen.failure(f"Nothing was erased: {len(rows)} things are not settled. Repeat the command when they are.")
    return bool(rows)


def _tell(screen: Screen, customers: list[Customer]) -> None:
    rows: list[dict[str, Any]] = [erasure_row(each, each.erasure) for each in customers if each.erasure is not None]
    screen.table("erasures", "Erasures (UTC)", rows)


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

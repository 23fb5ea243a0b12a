"""`explain`: finds a thing by an id or a number, and tells all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from infra.ops import books
from infra.ops.cli import command
from infra.ops.explain_customer import show_customer
from infra.ops.explain_event import show_event, show_organization
from infra.ops.explain_invoice import show_invoice
from infra.ops.explain_payment import show_payment
from infra.ops.explain_payout import explain_payout, show_payout
from infra.ops.finding import PAYMENT_WORDS, Found, Kind, Search
from infra.ops.going_on import explaining
from infra.ops.not_found import not_found
from infra.ops.screen import Screen
from infra.ops.stage import Stage

ANYTHING = "WHAT"
"""The name of the command that takes any id or number. Nobody types it: it is what no other command is."""


class Explain(click.Group):
    """Takes an id or a number where other groups take the name of a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leaves options to the command that is meant, so that they may stand before the id, too."""
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help"):
            args = [ANYTHING, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the command that is named, or else the one that takes any id or number."""
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return ANYTHING, self.commands[ANYTHING], args


@click.group(cls=Explain, subcommand_metavar="WHAT [--organization ORG] [--account ACCT] [--kind KIND]")
def explain() -> None:
    """Everything that is known of one thing.

    WHAT is an invoice by its number, by Stripe's id (in_) or by POM's (inv_); a payment, refund or dispute (pi_, ch_,
    py_, re_, dp_, du_); a customer by POM's id or Stripe's (cus_); a payout (po_); an event (evt_); or an
    organization. Without --organization, it is looked for in every organization that was ever connected.
    """


@explain.command(ANYTHING)
@click.argument("what")
@click.option("--organization", metavar="ORG", help="Look only here.")
@click.option("--kind", type=click.Choice([each.value for each in Kind]), help="If several things have this name.")
@click.option("--account", metavar="ACCT", help="Look on this account, such as one that was connected formerly.")
@command
def explain_anything(
    stage: Stage, screen: Screen, what: str, organization: str | None, kind: str | None, account: str | None
) -> None:
    """What it is, how it stands and why, and what is related to it."""
    if account is not None:
        owner = stage.ports.connections.organization_of(StripeAccountId(account))
        if owner is None or organization not in (None, owner):
            raise NotFound("account_unknown", f"{account} was never connected by {organization or 'anybody'}.")
        organization = owner
    search = Search(stage, what, _connections(stage, organization), StripeAccountId(account) if account else None)
    explain_found(stage, screen, search, organization, kind)


def explain_found(
    stage: Stage, screen: Screen, search: Search, organization: str | None, kind: str | None = None
) -> None:
    """Tells of the one thing that a search finds, lists several, or says where it looked."""
    search.run()
    found = [each for each in search.found if kind in (None, each.kind)]
    if not found:
        screen.failure(not_found(search, organization, screen, kind))
    elif len(found) > 1:
        _several(screen, search.what, found)
    else:
        [one] = found
        screen.fact("found", {"kind": one.kind.value, "id": one.id, "organization": one.organization_id}, _is(one))
        _show(stage, screen, one)


def _connections(stage: Stage, organization: str | None) -> Sequence[Connection]:
    if organization is None:
        return books.organizations(stage)
    return [stage.ports.connections.get(OrganizationId(organization))]


def _is(found: Found) -> str:
    what = found.kind.value
    if found.kind is Kind.PAYMENT:
        what = PAYMENT_WORDS.get(found.id.partition("_")[0], what)
    article = "an" if what[0] in "aeiou" else "a"
    of = "" if found.kind is Kind.ORGANIZATION else f" of {found.organization_id}"
    return f"{found.id} is {article} {what}{of}."


def _several(screen: Screen, what: str, found: Sequence[Found]) -> None:
    rows = [
        {
            "kind": each.kind.value,
            "id": each.id,
            "organization": each.organization_id,
            "command": explaining(screen, each.id, each.organization_id, "--kind", each.kind.value),
        }
        for each in found
    ]
    screen.lines(
        "several",
        f"{len(found)} things are called {what}",
        rows,
        [(str(row["command"]),) for row in rows],
        whole=True,
    )
    screen.failure(f"{what} is the name of {len(found)} things. Choose one of them by its command.")


def _show(stage: Stage, screen: Screen, found: Found) -> None:
    match found.kind:
        case Kind.INVOICE:
            show_invoice(stage, screen, found.organization_id, found.id)
        case Kind.PAYMENT if found.invoice_id is not None:
            show_payment(stage, screen, found.organization_id, found.id, found.invoice_id)
        case Kind.CUSTOMER:
            show_customer(stage, screen, found.organization_id, found.id)
        case Kind.PAYOUT:
            show_payout(stage, screen, found.organization_id, found.id)
        case Kind.EVENT:
            show_event(stage, screen, found.organization_id, found.id, found.account_id)
        case Kind.ORGANIZATION:
            show_organization(stage, screen, found.organization_id)
        case _:
            raise NotFound("payment_not_found", f"{found.id} belongs to no invoice.")


@explain.command("invoice")
@click.argument("organization")
@click.argument("invoice")
@command
def explain_invoice(stage: Stage, screen: Screen, organization: str, invoice: str) -> None:
    """An invoice of an organization, by POM's id."""
    show_invoice(stage, screen, organization, InvoiceId(invoice))


@explain.command("event")
@click.argument("organization")
@click.argument("event")
@command
def explain_event(stage: Stage, screen: Screen, organization: str, event: str) -> None:
    """What became of one of Stripe's events, how long it took to arrive, and how often it was repeated."""
    show_event(stage, screen, organization, event)


@explain.command("organization")
@click.argument("organization")
@command
def explain_organization(stage: Stage, screen: Screen, organization: str) -> None:
    """An organization's connection, its reconciliation, who did what to it, and its parked events."""
    show_organization(stage, screen, organization)


explain.add_command(explain_payout)

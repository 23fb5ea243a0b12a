"""`explain`: finds an object by an id or a number, and shows all of POM's data about it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import InvoiceId, OrganizationId, StripeAccountId
from infra.ops import lookups
from infra.ops.cli import command
from infra.ops.explain_customer import show_customer
from infra.ops.explain_event import show_event, show_organization
from infra.ops.explain_invoice import show_invoice
from infra.ops.explain_payment import show_payment
from infra.ops.explain_payout import explain_payout, show_payout
from infra.ops.not_found import not_found
from infra.ops.related import explain_command
from infra.ops.screen import Screen
from infra.ops.search import PAYMENT_WORDS, Kind, Match, Search
from infra.ops.stage import Stage

ANY_ID = "WHAT"
"""The internal name of the command that takes any id or number. `explain` adds this name itself."""


class Explain(click.Group):
    """A group of commands that also takes an id or a number in place of a command's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Inserts the command's name before a leading option, so that options may come before the id, too."""
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help"):
            args = [ANY_ID, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Returns the named command, or the command for any id or number."""
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return ANY_ID, self.commands[ANY_ID], args


@click.group(cls=Explain, subcommand_metavar="WHAT [--organization ORG] [--account ACCT] [--kind KIND]")
def explain() -> None:
    """Show all of POM's data about one object.

    WHAT is an invoice by its number, by Stripe's id (in_) or by POM's (inv_); a payment, refund or dispute (pi_, ch_,
    py_, re_, dp_, du_); a customer by POM's id or Stripe's (cus_); a payout (po_); an event (evt_); or an
    organization. Without --organization, the command searches every organization that was ever connected.
    """


@explain.command(ANY_ID)
@click.argument("what")
@click.option("--organization", metavar="ORG", help="Search only this organization.")
@click.option("--kind", type=click.Choice([each.value for each in Kind]), help="If several objects have this name.")
@click.option("--account", metavar="ACCT", help="Search this account, such as one that was connected formerly.")
@command
def explain_anything(
    stage: Stage, screen: Screen, what: str, organization: str | None, kind: str | None, account: str | None
) -> None:
    """Show one object: its state, the reason for it, and related objects."""
    if account is not None:
        owner = stage.ports.connections.organization_of(StripeAccountId(account))
        if owner is None or organization not in (None, owner):
            raise NotFound("account_unknown", f"{account} was never connected by {organization or 'anybody'}.")
        organization = owner
    search = Search(stage, what, _connections(stage, organization), StripeAccountId(account) if account else None)
    explain_search(stage, screen, search, organization, kind)


def explain_search(
    stage: Stage, screen: Screen, search: Search, organization: str | None, kind: str | None = None
) -> None:
    """Shows the one object that a search finds, lists several, or says where the search looked."""
    search.run()
    matches = [each for each in search.matches if kind in (None, each.kind)]
    if not matches:
        screen.failure(not_found(search, organization, screen, kind))
    elif len(matches) > 1:
        _show_choice(screen, search.query, matches)
    else:
        [match] = matches
        screen.fact(
            "found",
            {"kind": match.kind.value, "id": match.id, "organization": match.organization_id},
            _kind_sentence(match),
        )
        _show_match(stage, screen, match)


def _connections(stage: Stage, organization: str | None) -> Sequence[Connection]:
    if organization is None:
        return lookups.organizations(stage)
    return [stage.ports.connections.get(OrganizationId(organization))]


def _kind_sentence(match: Match) -> str:
    kind = match.kind.value
    if match.kind is Kind.PAYMENT:
        kind = PAYMENT_WORDS.get(match.id.partition("_")[0], kind)
    article = "an" if kind[0] in "aeiou" else "a"
    of = "" if match.kind is Kind.ORGANIZATION else f" of {match.organization_id}"
    return f"{match.id} is {article} {kind}{of}."


def _show_choice(screen: Screen, query: str, matches: Sequence[Match]) -> None:
    rows = [
        {
            "kind": each.kind.value,
            "id": each.id,
            "organization": each.organization_id,
            "command": explain_command(screen, each.id, each.organization_id, "--kind", each.kind.value),
        }
        for each in matches
    ]
    screen.lines(
        "several",
        f"{len(matches)} objects are called {query}",
        rows,
        [(str(row["command"]),) for row in rows],
        keep_on_one_line=True,
    )
    screen.failure(f"{query} is the name of {len(matches)} objects. Choose one of them by its command.")


def _show_match(stage: Stage, screen: Screen, match: Match) -> None:
    match match.kind:
        case Kind.INVOICE:
            show_invoice(stage, screen, match.organization_id, match.id)
        case Kind.PAYMENT if match.invoice_id is not None:
            show_payment(stage, screen, match.organization_id, match.id, match.invoice_id)
        case Kind.CUSTOMER:
            show_customer(stage, screen, match.organization_id, match.id)
        case Kind.PAYOUT:
            show_payout(stage, screen, match.organization_id, match.id)
        case Kind.EVENT:
            show_event(stage, screen, match.organization_id, match.id, match.account_id)
        case Kind.ORGANIZATION:
            show_organization(stage, screen, match.organization_id)
        case _:
            raise NotFound("payment_not_found", f"{match.id} belongs to no invoice.")


@explain.command("invoice")
@click.argument("organization")
@click.argument("invoice")
@command
def explain_invoice(stage: Stage, screen: Screen, organization: str, invoice: str) -> None:
    """Show an invoice of an organization, by POM's id."""
    show_invoice(stage, screen, organization, InvoiceId(invoice))


@explain.command("event")
@click.argument("organization")
@click.argument("event")
@command
def explain_event(stage: Stage, screen: Screen, organization: str, event: str) -> None:
    """Show the outcome of one of Stripe's events, its lag, and its repetitions."""
    show_event(stage, screen, organization, event)


@explain.command("organization")
@click.argument("organization")
@command
def explain_organization(stage: Stage, screen: Screen, organization: str) -> None:
    """Show an organization's connection, its reconciliation, who changed it, and its parked events."""
    show_organization(stage, screen, organization)


explain.add_command(explain_payout)

"""The message of `explain` for an object that it cannot find: where it searched, and what to try."""

from __future__ import annotations

from chalicelib.domain.identifiers import INVOICE_PREFIX
from infra.ops.screen import Screen
from infra.ops.search import PAYMENTS, Search

OF_AN_ACCOUNT = (*PAYMENTS, "in", "cus", "evt")
"""The prefixes of ids that are searched on one account of an organization."""

NEVER_FOUND = {
    "chg": "It is the id of an event on the bus: look for the event's `objectId`.",
    "inpay": "Nothing is found by such an id: look for the payment (pi_) or for the invoice.",
    "txn": "Nothing is found by such an id: look for the payment, the refund or the payout that it belongs to.",
}
"""Prefixes of ids that POM or Stripe print but that `explain` cannot find, and what to search instead."""


def searched_in(search: Search, organization: str | None) -> str:
    """Returns in words where a search looked."""
    if organization is not None:
        return organization
    count = len(search.connections)
    return "the one organization that was ever connected" if count == 1 else f"all {count} organizations"


def not_found(search: Search, organization: str | None, screen: Screen, kind: str | None = None) -> str:
    """Returns a message that says where the search looked and what to try.

    `kind` is the requested kind. The search may have found objects of other kinds.
    """
    other_kinds = dict.fromkeys(each.kind.value for each in search.matches)
    if other_kinds:
        found_as = ", ".join(other_kinds)
        return f"Nothing called {search.query} is of the kind {kind}. Leave out --kind: found as {found_as}."
    kinds = ", ".join(search.looked_for)
    sentences = [
        f"Nothing called {search.query} was found in {searched_in(search, organization)}. Searched: {kinds}."
    ]
    sentences += search.notes
    if search.account is None and search.query.partition("_")[0] in OF_AN_ACCOUNT:
        sentences.append(
            "It was searched on the account that is connected now, or was last. If it belongs to a former account, "
            "add --account with that account."
        )
    sentences.append(_advice(search, organization, screen))
    return " ".join(sentences)


def _advice(search: Search, organization: str | None, screen: Screen) -> str:
    organization_ids = [each.organization_id for each in search.connections]
    argument = organization or (organization_ids[0] if len(organization_ids) == 1 else "ORGANIZATION")
    status = screen.command("status")
    if organization is not None and not any(search.accounts):
        return f"{organization} was never connected to Stripe; `{status}` lists the organizations that were."
    if advice := NEVER_FOUND.get(search.query.partition("_")[0]):
        return advice
    if search.query.startswith("evt_"):
        return (
            "POM keeps an event for 35 days, if it is about something of POM's. Look for it in Stripe's dashboard. "
            "If it is there, "
            f"`{screen.command('replay', argument, options=('--event', search.query))}` applies it."
        )
    if search.query.startswith("po_"):
        return f"`{screen.command('payouts', argument)}` lists what Stripe has, and `--repair` brings it in."
    if search.query.startswith(INVOICE_PREFIX):
        return (
            "Compare the id with POM, or with pom_invoice_id in the metadata of Stripe's invoice; "
            f"`{status}` lists the organizations."
        )
    if "_" in search.query and search.query.partition("_")[0] in (*PAYMENTS, "in", "cus"):
        return (
            "Look for it in Stripe's dashboard. If it is there and belongs to an invoice of POM's, "
            f"`{screen.command('reconcile', argument, options=('--objects',))}` brings it in."
        )
    return (
        "Copy the id or the number exactly as it is printed. Otherwise try Stripe's id from the dashboard; "
        f"`{status}` lists the organizations."
    )

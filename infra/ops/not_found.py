"""What `explain` says of something that it does not find: where it looked, and what to try."""

from __future__ import annotations

from chalicelib.domain.identifiers import INVOICE_PREFIX
from infra.ops.finding import PAYMENTS, Search
from infra.ops.screen import Screen

OF_AN_ACCOUNT = (*PAYMENTS, "in", "cus", "evt")
"""How ids begin that are looked for on one account of an organization."""

NEVER_FOUND = {
    "chg": "It is the id of an event on the bus: look for the event's `objectId`.",
    "inpay": "Nothing is found by such an id: look for the payment (pi_) or for the invoice.",
    "txn": "Nothing is found by such an id: look for the payment, the refund or the payout that it belongs to.",
}
"""Ids that POM or Stripe print, by how they begin, and what to look for instead."""


def searched_in(search: Search, organization: str | None) -> str:
    """Returns in words where a search looked."""
    if organization is not None:
        return organization
    count = len(search.connections)
    return "the one organization that was ever connected" if count == 1 else f"all {count} organizations"


def not_found(search: Search, organization: str | None, screen: Screen, kind: str | None = None) -> str:
    """Returns a text that says where the search looked and what to try.

    `kind` is the only kind that was wanted, if the search may have found things of other kinds.
    """
    others = dict.fromkeys(each.kind.value for each in search.found)
    if others:
        return f"Nothing called {search.what} is of the kind {kind}. Leave out --kind: found as {', '.join(others)}."
    looked = ", ".join(search.looked_for)
    said = [f"Nothing called {search.what} was found in {searched_in(search, organization)}. Looked for: {looked}."]
    said += search.notes
    if search.account is None and search.what.partition("_")[0] in OF_AN_ACCOUNT:
        said.append(
            "It was looked for on the account that is connected now, or was last. If it is of a former account, add "
            "--account with that one."
        )
    said.append(_advice(search, organization, screen))
    return " ".join(said)


def _advice(search: Search, organization: str | None, screen: Screen) -> str:
    connected = [each.organization_id for each in search.connections]
    named = organization or (connected[0] if len(connected) == 1 else "ORGANIZATION")
    status = screen.command("status")
    if organization is not None and not any(search.accounts):
        return f"{organization} was never connected to Stripe; `{status}` lists the organizations that were."
    if advice := NEVER_FOUND.get(search.what.partition("_")[0]):
        return advice
    if search.what.startswith("evt_"):
        return (
            "POM keeps an event for 35 days, if it is about something of POM's. Look for it in Stripe's dashboard. "
            "If it is there, "
            f"`{screen.command('replay', named, options=('--event', search.what))}` applies it."
        )
    if search.what.startswith("po_"):
        return f"`{screen.command('payouts', named)}` lists what Stripe has, and `--repair` brings it in."
    if search.what.startswith(INVOICE_PREFIX):
        return (
            "Compare the id with POM, or with pom_invoice_id in the metadata of Stripe's invoice; "
            f"`{status}` lists the organizations."
        )
    if "_" in search.what and search.what.partition("_")[0] in (*PAYMENTS, "in", "cus"):
        return (
            "Look for it in Stripe's dashboard. If it is there and belongs to an invoice of POM's, "
            f"`{screen.command('reconcile', named, options=('--objects',))}` brings it in."
        )
    return (
        "Copy the id or the number exactly as it is printed. Otherwise try Stripe's id from the dashboard; "
        f"`{status}` lists the organizations."
    )

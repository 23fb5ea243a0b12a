"""Lists and events: what the comparisons with Stripe rely on."""

from __future__ import annotations

from typing import Any

from infra.sandbox.findings import Verdict
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.promises.asking import MARGIN, body
from infra.sandbox.promises.billed import billed, events_of_billed
from infra.sandbox.promises.promise import CannotTry, Outcome, judged, promised

SWEEPS = "docs/decisions/0015-how-often-accounts-are-swept.md"
OTHER_VERSION = "2020-08-27"
SOON = 60
"""Seconds. A run of the sweep that finds an event later than this finds it as well, ten minutes later."""


@promised(
    "open payments are listed with their intents",
    "The open payments of all invoices are listed at once, each with its intent.",
    SWEEPS,
    "That Stripe lists open payments of all invoices at once, with their intents, is its documentation's word",
)
def open_payments_are_listed_with_their_intents(lab: Laboratory) -> Outcome:
    """Refused, the comparison of every account fails."""
    made = lab.once(billed)
    found = lab.gateway.open_intents(lab.account, made.sent["created"] - MARGIN, None)
    listed = next((each for each in found if each.id == made.intent), None)
    return judged(listed is not None, f"The intent of an open invoice is {'listed' if listed else 'not listed'}.")


@promised(
    "a new invoice is found by its metadata",
    "The list of invoices has a new one at once, with the metadata that name it.",
    "docs/decisions/0003-sending-finalizes.md",
    "the draft by our id in its metadata",
)
def a_new_invoice_is_found_by_its_metadata(lab: Laboratory) -> Outcome:
    """Before POM repeats a step whose answer was lost, it looks for the object."""
    made = lab.once(billed)
    found = lab.gateway.find_invoice(lab.account, made.order)
    which = "nothing" if found is None else "it" if found.id == made.invoice else "another one"
    return judged(which == "it", f"Looking for the invoice found {which}.")


@promised(
    "lists are newest first",
    "A list has the newest object first, and starting_after goes on with the older ones.",
    "chalicelib/adapters/stripe/lists.py",
    "Newest first.",
)
def lists_are_newest_first(lab: Laboratory) -> Outcome:
    """A comparison that was cut off goes on from the moment down to which it came."""
    lab.once(billed)
    first = body(lab.v1.customers.list({"limit": 2}, lab.on_account()))
    if not first["has_more"]:
        raise CannotTry("The account has fewer than three customers.")
    after = first["data"][-1]["id"]
    second = body(lab.v1.customers.list({"limit": 2, "starting_after": after}, lab.on_account()))
    made = [each["created"] for each in [*first["data"], *second["data"]]]
    ids = {each["id"] for each in first["data"]} & {each["id"] for each in second["data"]}
    ages = [made[0] - each for each in made]
    seen = f"Seconds that the others are older than the first: {ages}; {len(ids)} stand on both pages."
    return judged(made == sorted(made, reverse=True) and not ids, seen)


@promised(
    "events are listed in their account's version",
    "Events are listed in the version of their account, whatever version is asked for.",
    SWEEPS,
    "Stripe lists events in the version of the account, whatever version we",
)
def events_are_listed_in_their_accounts_version(lab: Laboratory) -> Outcome:
    """POM believes what an event says only if it names POM's own version."""
    newest = lab.once(events_of_billed)[-1]["id"]
    ours, other = (_event(lab, newest, version) for version in (None, OTHER_VERSION))
    versions = sorted({str(ours["api_version"]), str(other["api_version"])})
    seen = f"The event says version {' or '.join(versions)}; asked for in another, it is {'the same' if ours == other else 'another'}."
    return judged(ours == other, seen, Verdict.HARMLESS if len(versions) == 2 else Verdict.HARMFUL)


def _event(lab: Laboratory, event: str, version: str | None) -> Any:
    options = {**lab.on_account(), **({"stripe_version": version} if version else {})}
    shown = body(lab.v1.events.retrieve(event, None, options))
    return {name: value for name, value in shown.items() if name != "pending_webhooks"}


@promised(
    "an event is listed soon",
    "An event is listed within a minute of its change.",
    SWEEPS,
    "Counted as missed is only what is two minutes old.",
)
def an_event_is_listed_soon(lab: Laboratory) -> Outcome:
    """Of an event that is listed later than the sweep asks again, POM would never hear."""
    made = lab.once(billed)
    lab.once(events_of_billed)
    asked = [each for each in lab.recorder.exchanges if each.path == f"/v1/invoices/{made.invoice}/send" and each.key == made.key]
    listed = [
        each.at for each in lab.recorder.exchanges
        if each.path == "/v1/events" and made.invoice in str(each.body) and "invoice.sent" in str(each.body)
    ]
    if not asked or not listed:
        return judged(False, "The event was not listed at all.")
    seconds = listed[0] - asked[0].at
    return judged(seconds <= SOON, f"It was listed {seconds:.0f} s after the change was asked for.")


@promised(
    "an event names the key of its request",
    "An event names the idempotency key of the request that caused it.",
    "docs/field.md",
    "Stripe's event names the key of the request that caused it.",
)
def an_event_names_the_key_of_its_request(lab: Laboratory) -> Outcome:
    """By this key POM tells its own sending of a draft from somebody else's."""
    made = lab.once(billed)
    finalized = [each for each in lab.once(events_of_billed) if each["type"] == "invoice.finalized"]
    if not finalized:
        return judged(False, "invoice.finalized did not come.")
    key = (finalized[0].get("request") or {}).get("idempotency_key")
    named = "our key" if key == made.key else "no key" if key is None else "another key"
    return judged(key == made.key, f"invoice.finalized names {named}.")


@promised(
    "a listed event does not name its account",
    "An event that is listed on a connected account does not name the account.",
    "chalicelib/adapters/stripe/events.py",
    "A listed event does not name its account, so the lister says it.",
)
def a_listed_event_does_not_name_its_account(lab: Laboratory) -> Outcome:
    """POM takes the account that it has asked on; an event that names another one would be harm."""
    named = {each.get("account") for each in lab.once(events_of_billed)} - {None}
    seen = "None names an account." if not named else "They name an account."
    return judged(not named, seen, Verdict.HARMLESS if named <= {lab.account} else Verdict.HARMFUL)


LISTS = (
    open_payments_are_listed_with_their_intents,
    a_new_invoice_is_found_by_its_metadata,
    an_event_names_the_key_of_its_request,
    a_listed_event_does_not_name_its_account,
    an_event_is_listed_soon,
    events_are_listed_in_their_accounts_version,
    lists_are_newest_first,
)

"""Lists and events: what the comparisons with Stripe rely on."""

from __future__ import annotations

from chalicelib.adapters.stripe.lists import PAGE
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import billed, empty_draft, told_of_billed
from infra.sandbox.promises.promise import Outcome, judged, promised
from infra.sandbox.promises.responses import JSON, MARGIN, body, refusal, told, types
from infra.sandbox.session import Session
from infra.sandbox.stories.invoices import payer

SWEEPS = "docs/decisions/0015-how-often-accounts-are-swept.md"
OTHER_VERSION = "2022-11-15"
SOON = 60
"""Seconds. A run of the sweep that finds an event later than this finds it as well, ten minutes later."""


@promised(
    "open payments are listed with their intents",
    "The open payments of all invoices are listed at once, each with its intent.",
    SWEEPS,
    "That Stripe lists open payments of all invoices at once, with their intents, is its documentation's word",
)
def open_payments_are_listed_with_their_intents(session: Session) -> Outcome:
    """Refused, the comparison of every account fails."""
    made = session.once(billed)
    found = session.gateway.open_intents(session.account, made.sent["created"] - MARGIN, None)
    listed = next((each for each in found if each.id == made.intent), None)
    return judged(listed is not None, f"The intent of an open invoice is {'listed' if listed else 'not listed'}.")


@promised(
    "an expansion has four levels",
    "An expansion of four levels is the deepest; POM's deepest has three.",
    "infra/stripe_double/state/render.py",
    "at most four levels deep",
)
def an_expansion_has_four_levels(session: Session) -> Outcome:
    """If Stripe takes more, that is no harm (https://docs.stripe.com/expand)."""
    deeper = {"customer": session.once(payer), "limit": 1, "expand": ["data.payments.data.payment.payment_intent"]}
    error = refusal(lambda: session.v1.invoices.list(deeper, session.on_account()))
    return judged(error is not None, f"An expansion of five levels was {told(error)}.", Verdict.HARMLESS)


@promised(
    "a new invoice is found by its metadata",
    "The list of invoices has a new one at once, with the metadata that name it.",
    "docs/decisions/0003-sending-finalizes.md",
    "the draft by our id in its metadata",
)
def a_new_invoice_is_found_by_its_metadata(session: Session) -> Outcome:
    """Before POM repeats a step whose answer was lost, it looks for the object."""
    made = session.once(billed)
    found = session.gateway.find_invoice(session.account, made.order)
    which = "nothing" if found is None else "it" if found.id == made.invoice else "another one"
    return judged(which == "it", f"Looking for the invoice found {which}.")


@promised(
    "lists are newest first",
    "A list has the newest object first, and starting_after goes on with the older ones.",
    "chalicelib/adapters/stripe/lists.py",
    "Newest first.",
)
def lists_are_newest_first(session: Session) -> Outcome:
    """A comparison that was cut off goes on from the moment down to which it came."""
    session.once(billed)
    session.target.pass_time(1)  # two of one second would be in any order
    session.once(empty_draft)
    query: JSON = {"customer": session.once(payer)}
    page = body(session.v1.invoices.list({**query, "limit": PAGE}, session.on_account()))["data"]
    ids = [each["id"] for each in page]
    following = body(session.v1.invoices.list({**query, "limit": 1, "starting_after": ids[0]}, session.on_account()))
    sorted_by_age = sorted(page, key=lambda each: each["created"], reverse=True) == page
    goes_on = [each["id"] for each in following["data"]] == ids[1:2] and following["has_more"] == (len(ids) > 2)
    seen = (
        f"The {len(ids)} invoices of a customer are {'newest first' if sorted_by_age else 'in another order'};"
        f" the page after the first of them {'has the second' if goes_on else 'is another one'}."
    )
    return judged(sorted_by_age and goes_on, seen)


@promised(
    "events are listed in their account's version",
    "Events are listed in the version of their account, whatever version is asked for.",
    SWEEPS,
    "Stripe lists events in the version of the account, whatever version we",
)
def events_are_listed_in_their_accounts_version(session: Session) -> Outcome:
    """POM believes what an event says only if it names POM's own version."""
    listed = session.once(told_of_billed).events[-1]
    options = {**session.on_account(), "stripe_version": OTHER_VERSION}
    read = body(session.v1.events.retrieve(listed["id"], None, options))
    ours, other = ({**each, "pending_webhooks": 0} for each in (listed, read))
    versions = sorted({str(ours["api_version"]), str(other["api_version"])})
    same = ours == other
    seen = (
        f"It says version {' or '.join(versions)}; asked for in another, it is {'the same' if same else 'another'}."
    )
    return judged(same, seen, Verdict.HARMLESS if len(versions) == 2 else Verdict.HARMFUL)


@promised(
    "an event is listed soon",
    "An event is listed within a minute of its change.",
    SWEEPS,
    "Counted as missed is only what is two minutes old.",
)
def an_event_is_listed_soon(session: Session) -> Outcome:
    """Of an event that is listed later than the sweep asks again, POM would never hear."""
    listed = session.once(told_of_billed)
    if "invoice.sent" not in types(listed.events):
        return judged(False, f"invoice.sent was not listed within {listed.seconds:.0f} s.")
    return judged(listed.seconds <= SOON, f"It was listed {listed.seconds:.0f} s after the change was asked for.")


@promised(
    "an event names the key of its request",
    "An event names the idempotency key of the request that caused it.",
    "docs/field.md",
    "Stripe's event names the key of the request that caused it.",
)
def an_event_names_the_key_of_its_request(session: Session) -> Outcome:
    """By this key POM tells its own sending of a draft from somebody else's."""
    made = session.once(billed)
    finalized = [each for each in session.once(told_of_billed).events if each["type"] == "invoice.finalized"]
    if not finalized:
        return judged(False, "invoice.finalized did not come.")
    key = (finalized[0].get("request") or {}).get("idempotency_key")
    named = "our key" if key == made.key else "no key" if key is None else "another key"
    return judged(key == made.key, f"invoice.finalized names {named}.")


@promised(
    "a listed event names no other account",
    "An event that is listed on a connected account names that account or none.",
    "chalicelib/adapters/stripe/events.py",
    "A listed event does not name its account, so the lister says it.",
)
def a_listed_event_names_no_other_account(session: Session) -> Outcome:
    """POM takes the account that it has asked on."""
    named = {each.get("account") for each in session.once(told_of_billed).events}
    seen = f"Of the events, {'none' if named == {None} else 'some'} name an account."
    return judged(named <= {session.account, None}, seen)


LISTS = (
    open_payments_are_listed_with_their_intents,
    an_expansion_has_four_levels,
    a_new_invoice_is_found_by_its_metadata,
    an_event_names_the_key_of_its_request,
    a_listed_event_names_no_other_account,
    an_event_is_listed_soon,
    events_are_listed_in_their_accounts_version,
    lists_are_newest_first,
)

"""The home page of an account: its balance, what needs attention, Stripe's clock, and the connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..clock import DAY
from ..objects.accounts import name_of
from ..objects.money import format_amount
from ..state.ledger import Ledger
from . import account, webhooks
from .disputes import STATES
from .pieces import (
    Html,
    badge,
    buttons,
    columns,
    description_list,
    entry,
    form,
    join,
    link,
    local_time,
    muted_text,
    note,
    section,
    table,
)
from .visit import FormAction, InvalidInput, Page, Show, Visit, address

_STEPS = {"1 hour": 3_600, "1 day": DAY, "4 days": 4 * DAY, "7 days": 7 * DAY}
_MAX_DAYS = 366


def home(visit: Visit, _: str) -> Page:
    """Returns the home page."""
    return Page(
        "Home",
        join(columns(_balance(visit), _attention(visit)), _clock(visit), account.connection(visit)),
    )


def accounts(ledgers: Iterable[Ledger], path: str = "") -> Html:
    """Returns the list of accounts, each with a link to its page at `path`."""
    rows = [
        (
            link(address(ledger, path), name_of(ledger.account)),
            badge("Connected", "paid") if ledger.connected else badge("Not connected"),
            "Live mode" if ledger.livemode else "Test mode",
            ledger.id,
        )
        for ledger in ledgers
    ]
    empty = "There is no account yet. You can create one on the page on which a platform connects accounts."
    return section("Accounts", table("Accounts", ("Name", "Connection", "Mode", "Account"), rows, empty=empty))


def _balance(visit: Visit) -> Html:
    funds = visit.ledger.funds
    parts = []
    for currency in funds.currencies():
        available, pending = funds.available(currency), funds.pending(currency)
        names = [("Available", Html(f'<span class="figure">{format_amount(available, currency)}</span>')),
                 ("Pending", Html(f'<span class="figure">{format_amount(pending, currency)}</span>'))]  # fmt: skip
        parts.append(description_list(names))
    if not parts:
        parts.append(muted_text("The balance is empty until a customer pays."))
    parts.append(Html(f"<p>{link(visit.url('payouts'), 'Payouts')}</p>"))
    return section("Balance", *parts)


def _attention(visit: Visit) -> Html:
    items = "".join(f"<li>{each}</li>" for each in _attention_links(visit))
    return section("Needs attention", Html(f"<ul>{items}</ul>") if items else muted_text("Nothing."))


def _attention_links(visit: Visit) -> Iterator[Html]:
    ledger = visit.ledger
    if account.needs_more(visit):
        yield link(visit.url("account/status"), "Stripe needs more information about the account")
    for each in ledger.all("dispute"):
        if each["status"].endswith("needs_response"):
            words = f"{STATES[each['status']][0]}: dispute over {format_amount(each['amount'], each['currency'])}"
            yield link(visit.url(f"disputes/{each['id']}"), words)
    for each in ledger.all("payout", status="failed"):
        yield link(
            visit.url(f"payouts/{each['id']}"), f"Payout of {format_amount(each['amount'], each['currency'])} failed"
        )
    for each in ledger.all("payment_intent", status="processing"):
        words = f"Bank debit of {format_amount(each['amount'], each['currency'])} is pending"
        yield link(visit.url(f"payments/{each['id']}"), words)
    if webhooks.is_losing(visit):
        yield link(visit.url("webhooks"), "Webhooks are being lost")
    if count := len(webhooks.undelivered_events(visit)):
        yield link(visit.url("webhooks"), f"Events that were not delivered: {count:,}")


def _clock(visit: Visit) -> Html:
    clock = visit.controls.clock
    ahead = round(clock.ahead / DAY, 1)
    parts = [
        description_list(
            [("Now", local_time(visit.ledger, clock.now())), ("Ahead by", f"{ahead:g} days" if ahead else "")]
        )
    ]
    parts.append(
        muted_text(
            "Move the clock forward to see events that take days at Stripe. A bank debit arrives after four days."
            " The money of a card payment is available after two days, and at the bank after four. Links expire."
            " The clock cannot move back. A program that runs once a day, such as one that sends reminders, misses"
            " the days that you skip."
        )
    )
    if ahead and not clock.has_follower:
        parts.append(
            note(
                "A program that does not follow this clock is now behind it. For the program, the events here are in"
                " the future, an invoice becomes overdue later, and the search for lost webhooks may end too early."
            )
        )
    step_forms = [form(visit, "", "clock", words, of=words, plain=True) for words in _STEPS]
    parts.append(Html("<p>Move the clock forward by</p>"))
    parts.append(buttons(*step_forms))
    number = entry(visit, "clock", "days", "Any number of days", "", f"A whole number from 1 to {_MAX_DAYS}.")
    parts.append(form(visit, "", "clock", "Move the clock", number, plain=True))
    return section("Stripe's clock", *parts)


def _move_clock(visit: Visit, _: str) -> None:
    seconds = _STEPS.get(visit.form.get("of", "")) or _entered_days(visit) * DAY
    # A receiver refuses a signature whose time differs from its own clock. That clock is this computer's, unless the
    # receiver follows the double's clock.
    visit.controls.set_delivery(real_time_signatures=not visit.controls.clock.has_follower)
    visit.controls.wait_until_delivered()
    visit.controls.advance(seconds)


def _entered_days(visit: Visit) -> int:
    entered = visit.form.get("days", "").strip()
    if not (entered.isascii() and entered.isdigit() and len(entered) <= 3 and 1 <= int(entered) <= _MAX_DAYS):
        raise InvalidInput(f"Enter a whole number from 1 to {_MAX_DAYS}.", "days")
    return int(entered)


PAGES: dict[str, Show] = {"": home}
ACTIONS = {"clock": FormAction(_move_clock, "Stripe's clock was moved.")}

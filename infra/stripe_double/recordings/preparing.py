"""Makes a double for the replay of a recording: with the same accounts, in the same versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

from ..clock import Clock
from ..config import Config
from ..double import StripeDouble
from .recording import JSON, Exchange, RecordedAccount, Recording

EVENTS = "/v1/events"
SETTLING_DAYS = 600 / 86_400
"""Days until bank debits and pending refunds settle during a replay. In Stripe's test mode they settle within seconds
to minutes. They must not settle before the recording waits for it. They must not take days, because the money of
other payments would become available in these days.
"""


def double_for(recording: Recording, config: Config | None = None) -> StripeDouble:
    """Returns a new double at the start of a recording, with its accounts and the platform's earlier endpoints.

    The recording shows the versions of the accounts, whether their payouts are automatic, and whether their invoices
    have `amount_paid_off_stripe`.
    """
    settings = replace(
        config or Config(), accounts=(), webhook_endpoints=(), ach_days=SETTLING_DAYS, refund_days=SETTLING_DAYS
    )
    double = StripeDouble(settings, clock=Clock.frozen(recording.made_at), transport=lambda *_: 200)
    for account in recording.accounts:
        double.create_account(
            account_id=account.id,
            country=account.country,
            default_currency=account.default_currency,
            api_version=account.api_version or version_of(recording, account),
            tells_paid_outside=_tells_paid_outside(recording, account),
            payout_schedule="daily" if _has_daily_payouts(recording, account) else "manual",
        )
    for endpoint in _former_endpoints(recording):
        double.add_webhook_endpoint(
            endpoint["url"],
            enabled_events=list(endpoint["enabled_events"]),
            connect=endpoint.get("application") is not None,
            api_version=endpoint.get("api_version"),
        )
    return double


def version_of(recording: Recording, account: RecordedAccount) -> str | None:
    """Returns the API version of the first listed event of an account; None if no event was listed."""
    return next((event["api_version"] for event in _listed_objects(recording, account.id, "event")), None)


def in_one_page(exchanges: tuple[Exchange, ...]) -> Iterator[Exchange]:
    """Yields the exchanges, with the pages of each list of events merged into one exchange."""
    for (_, pages), group in groupby(_numbered(exchanges), key=lambda each: each[0]):
        first, *further_pages = [exchange for _, exchange in group]
        if pages and further_pages:
            data = [event for page in (first, *further_pages) for event in page.body["data"]]
            first = replace(first, at=further_pages[-1].at, body={**further_pages[-1].body, "data": data})
        yield first


def _numbered(exchanges: tuple[Exchange, ...]) -> Iterator[tuple[tuple[int, bool], Exchange]]:
    """Yields each exchange with a number that the pages of one list share, and whether it is a list of events."""
    number = 0
    for exchange in exchanges:
        listing = is_list_of_events(exchange)
        number += not (listing and "starting_after" in dict(exchange.form))
        yield (number, listing), exchange


def is_list_of_events(exchange: Exchange) -> bool:
    """Returns True if the response is a list of events."""
    return (exchange.method, exchange.path, exchange.status) == ("GET", EVENTS, 200)


def _listed_objects(recording: Recording, account: str | None, kind: str) -> Iterator[JSON]:
    """Yields the objects of a kind in all lists that were requested from an account."""
    for exchange in recording.exchanges:
        data = exchange.body.get("data") if isinstance(exchange.body, Mapping) else None
        if exchange.account == account and isinstance(data, list):
            yield from (each for each in data if isinstance(each, dict) and each.get("object") == kind)


def _has_daily_payouts(recording: Recording, account: RecordedAccount) -> bool:
    payouts = _listed_objects(recording, account.id, "payout")
    return any(each.get("automatic") and each["created"] >= recording.made_at for each in payouts)


def _tells_paid_outside(recording: Recording, account: RecordedAccount) -> bool:
    bodies = (each.body for each in recording.exchanges if each.account == account.id)
    return any(isinstance(body, Mapping) and "amount_paid_off_stripe" in body for body in bodies)


def _former_endpoints(recording: Recording) -> list[JSON]:
    """Returns the platform's endpoints that existed before the recording began."""
    endpoints = _listed_objects(recording, None, "webhook_endpoint")
    return list({each["id"]: each for each in endpoints if each["created"] < int(recording.made_at)}.values())

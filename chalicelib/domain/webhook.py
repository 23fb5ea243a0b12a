"""Whether Stripe is set up to tell us what happens: the platform's webhook endpoint, held against what we need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.events import API_VERSION, SUBSCRIPTION

PATH = "/v1/stripe/webhooks"
"""Where Stripe's events are taken, below the API's public URL."""

CHECKED_EVERY = 300
STALE_AFTER = 3 * CHECKED_EVERY
"""Seconds after which the last check says nothing about now."""

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """One of the platform's endpoints. `connect` says whether it hears of connected accounts."""

    url: str
    enabled: bool
    connect: bool
    api_version: str | None
    events: tuple[str, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class WebhookCheck:
    """What the latest look at the endpoints found, at `at` (epoch seconds UTC); `answered`: whether Stripe did."""

    at: int
    answered: bool
    problem: str | None = None

    def fresh(self, now: int) -> bool:
        """Whether it is young enough to say anything about now."""
        return now - self.at <= STALE_AFTER

    def usable(self, now: int) -> bool:
        """Whether it says anything about now."""
        return self.answered and self.fresh(now)


def problem_with(endpoints: Iterable[WebhookEndpoint], url: str) -> str | None:
    """What is wrong with the endpoint for `url`, in plain words; None if it is as we need it.

    Where several endpoints have the URL, one good one is enough: it brings every event, and what a second one brings
    besides is a duplicate or is refused. Operators are told of the second one (`surplus`). Where none is good, an
    enabled one is spoken of rather than one that is disabled.
    """
    ours = sorted(_of(endpoints, url), key=lambda endpoint: not endpoint.enabled)
    problems = [_problem(endpoint) for endpoint in ours]
    if not problems:
        return "Stripe has no webhook endpoint for POM, so payments show up late."
    return None if None in problems else problems[0]


def surplus_endpoints(endpoints: Iterable[WebhookEndpoint], url: str) -> list[WebhookEndpoint]:
    """The enabled endpoints for `url` besides the one that we need.

    Each signs with a secret of its own. If the only secret that we hold is that of a surplus endpoint, we depend on
    that one, and the good one is refused without anybody's seeing it.
    """
    enabled = [endpoint for endpoint in _of(endpoints, url) if endpoint.enabled]
    needed = next((endpoint for endpoint in enabled if _problem(endpoint) is None), enabled[0] if enabled else None)
    return [endpoint for endpoint in enabled if endpoint is not needed]


def is_for(endpoint_url: str, url: str) -> bool:
    """Whether an endpoint's URL is ours; a slash at the end makes no difference."""
    return endpoint_url.rstrip("/") == url.rstrip("/")


def _of(endpoints: Iterable[WebhookEndpoint], url: str) -> list[WebhookEndpoint]:
    return [endpoint for endpoint in endpoints if is_for(endpoint.url, url)]


def _problem(endpoint: WebhookEndpoint) -> str | None:
    if not endpoint.enabled:
        return "POM's webhook endpoint is disabled in Stripe, so payments show up late."
    if not endpoint.connect:
        return "POM's webhook endpoint does not listen to connected accounts, so payments show up late."
    if endpoint.api_version != API_VERSION:
        version = endpoint.api_version or "of the Stripe account"
        return f"POM's webhook endpoint has the API version {version}, not {API_VERSION}, so payments show up slowly."
    missing = [] if EVERYTHING in endpoint.events else [each for each in SUBSCRIPTION if each not in endpoint.events]
    if missing:
        return f"POM's webhook endpoint is not told of {_listed(missing)}, so these show up late."
    return None


def _listed(types: list[str]) -> str:
    more = len(types) - 3
    return ", ".join(types[:3]) + (f" and {more} more events" if more > 0 else "")

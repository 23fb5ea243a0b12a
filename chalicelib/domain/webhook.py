"""Checks whether Stripe is configured to send POM its events: the platform's webhook endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.events import API_VERSION, SUBSCRIPTION

PATH = "/v1/stripe/webhooks"
"""The path of the webhook endpoint, below the API's public URL."""

CHECKED_EVERY = 300
STALE_AFTER = 3 * CHECKED_EVERY
"""Seconds after which the last check no longer describes the present."""

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """One of the platform's webhook endpoints. `connect` is True if it receives events of connected accounts."""

    url: str
    enabled: bool
    connect: bool
    api_version: str | None
    events: tuple[str, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class WebhookCheck:
    """The latest check of the endpoints, at `at` (epoch seconds UTC). `answered` is True if Stripe responded."""

    at: int
    answered: bool
    problem: str | None = None

    def fresh(self, now: int) -> bool:
        """Returns True if the check is recent."""
        return now - self.at <= STALE_AFTER

    def usable(self, now: int) -> bool:
        """Returns True if the check is recent and Stripe responded."""
        return self.answered and self.fresh(now)


def problem_with(endpoints: Iterable[WebhookEndpoint], url: str) -> str | None:
    """Returns the problem of the endpoint for `url`, in plain words. None if it is configured as POM needs it.

    If several endpoints have the URL, one good endpoint is enough: it brings every event, and the events of a second
    one are duplicates or are rejected. Operators see the second one (`surplus_endpoints`). If none is good, the
    problem of an enabled endpoint is returned rather than that of a disabled one.
    """
    ours = sorted(_of(endpoints, url), key=lambda endpoint: not endpoint.enabled)
    problems = [_problem(endpoint) for endpoint in ours]
    if not problems:
        return "Stripe has no webhook endpoint for POM, so payments show up late."
    return None if None in problems else problems[0]


def surplus_endpoints(endpoints: Iterable[WebhookEndpoint], url: str) -> list[WebhookEndpoint]:
    """Returns the enabled endpoints for `url` besides the one that POM needs.

    Each signs with its own secret. If POM's only secret is that of a surplus endpoint, POM depends on that endpoint,
    and nobody notices that the needed endpoint's events are rejected.
    """
    enabled_endpoints = [endpoint for endpoint in _of(endpoints, url) if endpoint.enabled]
    needed_endpoint = next(
        (endpoint for endpoint in enabled_endpoints if _problem(endpoint) is None),
        enabled_endpoints[0] if enabled_endpoints else None,
    )
    return [endpoint for endpoint in enabled_endpoints if endpoint is not needed_endpoint]


def is_for(endpoint_url: str, url: str) -> bool:
    """Returns True if an endpoint's URL is POM's. A slash at the end makes no difference."""
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
        return f"POM's webhook endpoint does not receive {_list_in_words(missing)}, so these show up late."
    return None


def _list_in_words(types: list[str]) -> str:
    further_count = len(types) - 3
    return ", ".join(types[:3]) + (f" and {further_count} more events" if further_count > 0 else "")

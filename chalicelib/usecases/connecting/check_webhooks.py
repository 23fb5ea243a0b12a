"""Look whether Stripe's webhook endpoint for POM is as it has to be.

A schedule looks and keeps what it saw, so that showing a page never calls Stripe, and an outage of Stripe's is
told on the page instead of breaking it.
"""

from __future__ import annotations

from chalicelib.domain.errors import AccountUnreachable, Refused, Retryable
from chalicelib.domain.webhook import WebhookCheck, problem_with
from chalicelib.ports import Ports


def check_webhooks(url: str, ports: Ports) -> WebhookCheck:
    """Look now, and keep what was seen."""
    now = ports.clock.now()
    try:
        check = WebhookCheck(now, answered=True, problem=problem_with(ports.stripe.webhook_endpoints(), url))
    except (Refused, AccountUnreachable, Retryable):
        check = WebhookCheck(now, answered=False)
    ports.connections.keep_webhook_check(check)
    return check

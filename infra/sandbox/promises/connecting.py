"""Connect: who is named, what an account that is not connected is answered, and webhook endpoints."""

from __future__ import annotations

import stripe

from chalicelib.domain.errors import AccountUnreachable
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.webhook import WebhookEndpoint
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import billed
from infra.sandbox.promises.promise import CannotTry, Outcome, judged, promised
from infra.sandbox.promises.responses import told
from infra.sandbox.session import MARK, Session

IN_AN_ACCOUNT = "docs/in-an-account.md"
NOBODY = StripeAccountId("acct_0000000000000000")
"""An account that no platform is connected to."""
OF_OUR_CHOICE = ("enabled_events", "api_version")
"""Parameters of an endpoint whose refusal would stop every deployment."""


@promised(
    "an invoice names its application",
    "An invoice that POM made names the Connect application that made it.",
    IN_AN_ACCOUNT,
    "Stripe says which application made an invoice",
)
def an_invoice_names_its_application(session: Session) -> Outcome:
    """By it the daily comparison tells what people made in the Dashboard. Without it, POM's ids have to do."""
    named = session.once(billed).sent.get("application")
    return judged(named is not None, f"It names {'one' if named else 'none'}.", Verdict.HARMLESS)


@promised(
    "an account that is not connected is unreachable",
    "A request on an account that the platform may not reach is refused with 403 and account_invalid.",
    "chalicelib/adapters/stripe/errors.py",
    "The connection was revoked in Stripe.",
)
def an_account_that_is_not_connected_is_unreachable(session: Session) -> Outcome:
    """Only so POM notices that a company has revoked the connection."""
    try:
        session.gateway.find_customers(NOBODY, f"{session.run}@example.com")
    except AccountUnreachable as error:
        cause = error.__cause__ if isinstance(error.__cause__, stripe.StripeError) else None
        return judged(True, f"It was {told(cause)}.")
    return judged(False, "Stripe listed customers of an account that is not connected.")


@promised(
    "an endpoint takes our subscription",
    "A Connect endpoint can be made for all of POM's events in POM's version.",
    "chalicelib/domain/events.py",
    "the webhook endpoint is created with it",
)
def an_endpoint_takes_our_subscription(session: Session) -> Outcome:
    """Listed again, it has the same types and version."""
    found = session.once(_endpoint)
    missing = sorted(set(SUBSCRIPTION) - set(found.events))
    seen = f"It has {len(found.events)} types in version {found.api_version}; {len(missing)} of ours are missing."
    return judged(not missing and found.api_version == API_VERSION, seen)


@promised(
    "a Connect endpoint names its application",
    "An endpoint for connected accounts names an application.",
    IN_AN_ACCOUNT,
    "Connect endpoints name their `application`",
)
def a_connect_endpoint_names_its_application(session: Session) -> Outcome:
    """Otherwise POM takes it for one of the platform's own, and says that no webhook can come."""
    found = session.once(_endpoint)
    return judged(found.connect, f"It names {'one' if found.connect else 'none'}.")


def _endpoint(session: Session) -> WebhookEndpoint:
    """Makes an endpoint like that of operators, lists it, and deletes it. Nothing listens at its address.

    Raises CannotTry if Stripe takes no further endpoint, whatever it is told of.
    """
    wanted = {
        "url": f"https://example.com/{MARK}-{session.run}",
        "connect": True,
        "api_version": API_VERSION,
        "enabled_events": list(SUBSCRIPTION),
        "metadata": session.marks,
    }
    try:
        made = session.v1.webhook_endpoints.create(wanted).id
    except stripe.InvalidRequestError as error:
        if (error.param or "").startswith(OF_OUR_CHOICE):
            raise
        raise CannotTry(f"Stripe did not let us make an endpoint: {error.user_message}") from error
    try:
        return next(each for each in session.gateway.webhook_endpoints() if each.id == made)
    finally:
        session.v1.webhook_endpoints.delete(made)


CONNECTING = (
    an_invoice_names_its_application,
    an_account_that_is_not_connected_is_unreachable,
    an_endpoint_takes_our_subscription,
    a_connect_endpoint_names_its_application,
)

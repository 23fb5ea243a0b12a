"""Promises of Connect: named applications, refusals for accounts that are not connected, and webhook endpoints."""

from __future__ import annotations

import stripe

from chalicelib.domain.errors import AccountUnreachable
from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.webhook import WebhookEndpoint
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.invoices import billed_invoice
from infra.sandbox.promises.promise import CannotTry, Outcome, as_promise, outcome_of
from infra.sandbox.promises.responses import refusal_text
from infra.sandbox.session import MARK, Session

IN_AN_ACCOUNT = "docs/in-an-account.md"
UNCONNECTED_ACCOUNT = StripeAccountId("acct_0000000000000000")
"""An account that no platform is connected to."""
OUR_PARAMETERS = ("enabled_events", "api_version")
"""The parameters of an endpoint that every deployment needs. Their refusal is harmful."""


@as_promise(
    "an invoice names its application",
    "An invoice that POM created names POM's Connect application.",
    IN_AN_ACCOUNT,
    "Stripe says which application made an invoice",
)
def an_invoice_names_its_application(session: Session) -> Outcome:
    """The daily comparison uses the application to recognize invoices from the Dashboard; without it, POM's ids
    decide.
    """
    application = session.once(billed_invoice).sent.get("application")
    return outcome_of(application is not None, f"It names {'one' if application else 'none'}.", Verdict.HARMLESS)


@as_promise(
    "an account that is not connected is unreachable",
    "A request on an account that the platform may not reach is refused with 403 and account_invalid.",
    "chalicelib/adapters/stripe/errors.py",
    "The connection was revoked in Stripe.",
)
def an_account_that_is_not_connected_is_unreachable(session: Session) -> Outcome:
    """POM recognizes a revoked connection by this refusal only."""
    try:
        session.gateway.find_customers(UNCONNECTED_ACCOUNT, f"{session.run}@example.com")
    except AccountUnreachable as error:
        cause = error.__cause__ if isinstance(error.__cause__, stripe.StripeError) else None
        return outcome_of(True, f"It was {refusal_text(cause)}.")
    return outcome_of(False, "Stripe listed customers of an account that is not connected.")


@as_promise(
    "an endpoint takes our subscription",
    "A Connect webhook endpoint can be created with all of POM's event types and POM's API version.",
    "chalicelib/domain/events.py",
    "the webhook endpoint is created with it",
)
def an_endpoint_takes_our_subscription(session: Session) -> Outcome:
    """The endpoint in Stripe's list must have the same event types and version."""
    endpoint = session.once(_endpoint)
    missing = sorted(set(SUBSCRIPTION) - set(endpoint.events))
    observation = (
        f"It has {len(endpoint.events)} types in version {endpoint.api_version}; {len(missing)} of ours are missing."
    )
    return outcome_of(not missing and endpoint.api_version == API_VERSION, observation)


@as_promise(
    "a Connect endpoint names its application",
    "A webhook endpoint for connected accounts has an application.",
    IN_AN_ACCOUNT,
    "Connect endpoints name their `application`",
)
def a_connect_endpoint_names_its_application(session: Session) -> Outcome:
    """Without it, POM takes the endpoint for one of the platform's own events, and reports that no webhook can
    come.
    """
    endpoint = session.once(_endpoint)
    return outcome_of(endpoint.connect, f"It names {'one' if endpoint.connect else 'none'}.")


def _endpoint(session: Session) -> WebhookEndpoint:
    """Creates an endpoint like an operator's, lists it, and deletes it. Its address belongs to no server.

    Raises CannotTry if Stripe refuses the endpoint for a reason other than our parameters.
    """
    parameters = {
        "url": f"https://example.com/{MARK}-{session.run}",
        "connect": True,
        "api_version": API_VERSION,
        "enabled_events": list(SUBSCRIPTION),
        "metadata": session.marks,
    }
    try:
        endpoint_id = session.v1.webhook_endpoints.create(parameters).id
    except stripe.InvalidRequestError as error:
        if (error.param or "").startswith(OUR_PARAMETERS):
            raise
        raise CannotTry(f"Stripe did not let us make an endpoint: {error.user_message}") from error
    try:
        return next(each for each in session.gateway.webhook_endpoints() if each.id == endpoint_id)
    finally:
        session.v1.webhook_endpoints.delete(endpoint_id)


CONNECTING = (
    an_invoice_names_its_application,
    an_account_that_is_not_connected_is_unreachable,
    an_endpoint_takes_our_subscription,
    a_connect_endpoint_names_its_application,
)

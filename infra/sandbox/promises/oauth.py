"""Promises of Connect OAuth (https://docs.stripe.com/connect/oauth-reference). Some need a person who clicks once."""

from __future__ import annotations

from dataclasses import dataclass

import stripe

from chalicelib.domain.errors import AccountUnreachable, Refused
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports.stripe_gateway import OAuthGrant
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.connecting import UNCONNECTED_ACCOUNT
from infra.sandbox.promises.promise import CannotTry, Outcome, as_promise, not_tried, outcome_of
from infra.sandbox.promises.responses import refusal, refusal_text
from infra.sandbox.session import Session

DEPLOYING = "docs/deploying.md"
DOUBLE = "infra/stripe_double/README.md"
ACCOUNTS = "chalicelib/adapters/stripe/accounts.py"
NO_CODE = "ac_pom_sandbox_is_no_code"


@as_promise(
    "an unconnected account cannot be deauthorized",
    'Deauthorizing an account that is not connected is refused with invalid_client and the words "not connected".',
    ACCOUNTS,
    "not connected",
)
def an_unconnected_account_cannot_be_deauthorized(session: Session) -> Outcome:
    """POM continues after this refusal only. After any other refusal, it retries without end."""
    error = refusal(lambda: session.client.oauth.deauthorize({"stripe_user_id": UNCONNECTED_ACCOUNT}))
    return outcome_of(_not_connected(error), f"It was {refusal_text(error)}.")


def _not_connected(error: stripe.StripeError | None) -> bool:
    return isinstance(error, stripe.oauth_error.InvalidClientError) and "not connected" in str(error).lower()


@as_promise(
    "a wrong code is an invalid grant",
    "An authorization code that Stripe never issued is refused with invalid_grant.",
    ACCOUNTS,
    "Stripe did not accept the authorization code",
)
def a_wrong_code_is_an_invalid_grant(session: Session) -> Outcome:
    """POM asks the admin to begin again."""
    try:
        session.gateway.exchange_code(NO_CODE)
    except Refused as error:
        return outcome_of(error.code == "oauth_code_invalid", f"POM makes {error.code} of it.")
    return outcome_of(False, "Stripe took a code that it never gave.")


@as_promise(
    "a restricted key can connect and disconnect",
    "Connect OAuth accepts a restricted key of the platform.",
    DEPLOYING,
    "should mean that Stripe accepted the key",
)
def a_restricted_key_can_connect_and_disconnect(session: Session) -> Outcome:
    """If Stripe refuses, prod must keep its secret key, because no company could connect with a restricted key."""
    if session.restricted_key is None:
        return not_tried(
            "There is no restricted key: set STRIPE_TEST_RESTRICTED_KEY to an rk_test_ key of the platform."
        )
    oauth = session.client_with(session.restricted_key).oauth
    deauthorization = refusal(lambda: oauth.deauthorize({"stripe_user_id": UNCONNECTED_ACCOUNT}))
    exchange = refusal(lambda: oauth.token({"grant_type": "authorization_code", "code": NO_CODE}))
    observation = (
        f"Deauthorizing was {refusal_text(deauthorization)}; a code that is none was {refusal_text(exchange)}."
    )
    return outcome_of(
        _not_connected(deauthorization) and isinstance(exchange, stripe.oauth_error.InvalidGrantError), observation
    )


@dataclass(frozen=True)
class GrantedAccess:
    """The code and the grant after a person connected an account."""

    code: str
    grant: OAuthGrant


def _connect_another_account(session: Session) -> GrantedAccess:
    """Asks a person to connect an account. Raises CannotTry if the person does not."""
    url = session.gateway.authorize_url(session.run, "")
    code = session.authorize(url)
    if code is None:
        raise CannotTry("It needs a person who connects another account than the one of this run.")
    return GrantedAccess(code, session.gateway.exchange_code(code))


@as_promise(
    "a code grants an account",
    "Exchanging a code returns the account's id, the scope read_write, and the mode of the key.",
    ACCOUNTS,
    "Exchanges the single-use code for an account id.",
)
def a_code_grants_an_account(session: Session) -> Outcome:
    """POM stores no other field of the response."""
    grant = session.once(_connect_another_account).grant
    observation = f"The scope is {grant.scope}, livemode is {grant.livemode}."
    return outcome_of(
        grant.account_id.startswith("acct_") and grant.scope == "read_write" and not grant.livemode, observation
    )


@as_promise(
    "a code is used once",
    "A code that is used again is refused with invalid_grant, and its connection ends.",
    DOUBLE,
    "`invalid_grant`, and the connection ends with `account.application.deauthorized`",
)
def a_code_is_used_once(session: Session) -> Outcome:
    """POM never uses a code twice. If the connection stays, the risk is smaller than assumed."""
    access, account = session.once(_connect_another_account), _other_account(session)
    try:
        session.gateway.exchange_code(access.code)
    except Refused as error:
        is_ended = _is_unreachable(session, account)
        observation = f"POM makes {error.code} of it; the connection {'ended' if is_ended else 'stays'}."
        return outcome_of(error.code == "oauth_code_invalid" and is_ended, observation, Verdict.HARMLESS)
    return outcome_of(False, "Stripe took the code a second time.", Verdict.HARMLESS)


@as_promise(
    "a disconnected account is unreachable",
    "After deauthorize, requests on the account are refused, because the platform has no access.",
    "docs/guide-coverage.md",
    "or a call that Stripe refuses: the connection becomes `disconnected`, and POM makes no more calls",
)
def a_disconnected_account_is_unreachable(session: Session) -> Outcome:
    """Also holds if the connection had already ended."""
    account = _other_account(session)
    session.gateway.deauthorize(account)
    unreachable = _is_unreachable(session, account)
    return outcome_of(unreachable, f"A request on it was {'refused' if unreachable else 'not refused'}.")


def _other_account(session: Session) -> StripeAccountId:
    account = session.once(_connect_another_account).grant.account_id
    if account == session.account:
        raise CannotTry("The person connected the account of this run, which is needed. Choose or make another one.")
    return account


def _is_unreachable(session: Session, account: StripeAccountId) -> bool:
    try:
        session.gateway.find_customers(account, f"{session.run}@example.com")
    except AccountUnreachable:
        return True
    return False


OAUTH = (
    an_unconnected_account_cannot_be_deauthorized,
    a_wrong_code_is_an_invalid_grant,
    a_restricted_key_can_connect_and_disconnect,
    a_code_grants_an_account,
    a_code_is_used_once,
    a_disconnected_account_is_unreachable,
)

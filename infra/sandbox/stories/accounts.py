"""Reads the connected account, and an account that does not yet meet Stripe's requirements."""

from __future__ import annotations

from chalicelib.domain.identifiers import StripeAccountId
from infra.sandbox.session import Session
from infra.sandbox.stories.story import Story


def _play(session: Session) -> None:
    with session.step("as it is"):
        session.gateway.account(session.account)
    with session.step("webhook endpoints of the platform"):
        session.gateway.webhook_endpoints()
    with session.where_allowed("one with requirements"):
        # A new account has submitted no details (https://docs.stripe.com/connect/custom-accounts).
        capabilities = {"card_payments": {"requested": True}, "transfers": {"requested": True}}
        account_id = session.v1.accounts.create(
            {"type": "custom", "country": "US", "capabilities": capabilities, "metadata": session.marks}
        ).id
        session.gateway.account(StripeAccountId(account_id))
        session.v1.accounts.delete(account_id)


ACCOUNTS = Story("accounts", "The connected account, and another one that still has to give everything.", _play)

"""The connected account, and one of which Stripe still requires something."""

from __future__ import annotations

from chalicelib.domain.identifiers import StripeAccountId
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.stories.story import Story


def _play(lab: Laboratory) -> None:
    with lab.step("as it is"):
        lab.gateway.account(lab.account)
    with lab.step("webhook endpoints of the platform"):
        lab.gateway.webhook_endpoints()
    with lab.where_allowed("one with requirements"):
        # https://docs.stripe.com/connect/custom-accounts: a new account has given nothing yet.
        wanted = {"card_payments": {"requested": True}, "transfers": {"requested": True}}
        made = lab.v1.accounts.create(
            {"type": "custom", "country": "US", "capabilities": wanted, "metadata": lab.marks}
        ).id
        lab.gateway.account(StripeAccountId(made))
        lab.v1.accounts.delete(made)


ACCOUNTS = Story("accounts", "The connected account, and another one that still has to give everything.", _play)

"""What an authorization at Stripe brings."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.identifiers import StripeAccountId


@dataclass(frozen=True, slots=True)
class OAuthGrant:
    """Access to an account. Stripe's tokens are not kept: calls are made with the platform key."""

    account_id: StripeAccountId
    livemode: bool
    scope: str

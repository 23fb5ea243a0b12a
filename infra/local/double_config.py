"""The settings of the Stripe double that the local stack starts, and the double's initial accounts."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.events import API_VERSION, SUBSCRIPTION
from infra.local.settings import StripeSecret, Urls

DOUBLE_KEYS = ("sk_test_local_platform", "ca_local_pom")
"""The platform's key and client id at the double."""
STRIPE_ACCOUNT: dict[str, Any] = {
    "account_id": "acct_local_blue_lagoon",
    "business_name": "Blue Lagoon Pools",
    "email": "office@bluelagoon.example",
    "connected": False,
    "payout_schedule": "daily",
}
"""The Stripe account that the sample organization can connect. It pays out its available money at 00:00 UTC."""
OTHER_STRIPE_ACCOUNT: dict[str, Any] = {
    **STRIPE_ACCOUNT,
    "account_id": "acct_local_desert_springs",
    "business_name": "Desert Springs Pools",
    "email": "office@desertsprings.example",
}
"""The account of the other sample company."""


def double_settings(urls: Urls, secret: StripeSecret) -> dict[str, Any]:
    """Returns the double's configuration, which `infra.stripe_double.config` describes."""
    return {
        "platform_key_test": secret.api_key,
        "client_id_test": secret.client_id,
        "api_version": API_VERSION,
        "redirect_uris": [urls.oauth_callback],
        "accounts": [STRIPE_ACCOUNT, OTHER_STRIPE_ACCOUNT],
        "webhook_endpoints": [
            {
                "url": urls.webhooks,
                "secret": secret.webhook_secrets[0],
                "api_version": API_VERSION,
                "enabled_events": list(SUBSCRIPTION),
                "connect": True,
            }
        ],
    }

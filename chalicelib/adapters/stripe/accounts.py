"""The part of the gateway that connects accounts (https://docs.stripe.com/connect/oauth-reference)."""

from __future__ import annotations

import stripe

from chalicelib.adapters.stripe.client import StripeCalls
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports.stripe_gateway import OAuthGrant


class Accounts(StripeCalls):
    """A part of `StripeGateway`."""

    def authorize_url(self, state: str, redirect_uri: str) -> str:
        """Returns the URL where the admin grants POM access (https://docs.stripe.com/connect/oauth-reference)."""
        return self._client.oauth.authorize_url(
            {
                "response_type": "code",
                "scope": "read_write",
                "state": state,
                "redirect_uri": redirect_uri,
                "stripe_landing": "login",
            }
        )

    @translates_errors
    def exchange_code(self, code: str) -> OAuthGrant:
        """Exchanges the single-use code for an account id. The tokens that come with the id are not stored."""
        try:
            token = self._client.oauth.token({"grant_type": "authorization_code", "code": code})
        except stripe.oauth_error.InvalidGrantError as exc:
            raise Refused(
                "oauth_code_invalid",
                "Stripe did not accept the authorization code: it has expired or was used before.",
                field="code",
                next_step="Start again with Install or Reconnect.",
            ) from exc
        return OAuthGrant(StripeAccountId(str(token.stripe_user_id)), bool(token.livemode), str(token.scope))

    @translates_errors
    def deauthorize(self, account_id: StripeAccountId) -> None:
        """Gives up the access. Does nothing if the access was given up before."""
        try:
            self._client.oauth.deauthorize({"stripe_user_id": account_id})
        except stripe.oauth_error.InvalidClientError as exc:
            if "not connected" not in str(exc).lower():
                raise

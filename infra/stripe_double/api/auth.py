"""Authenticates a request: by the platform for a connected account, by the platform itself, or by an account's own
key.

https://docs.stripe.com/connect/authentication
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from ..errors import StripeFault
from ..http.messages import Request
from ..state.ledger import Ledger
from ..state.world import World


@dataclass(frozen=True)
class Caller:
    """The authenticated sender of a request, and the ledger on which the request acts."""

    ledger: Ledger
    livemode: bool
    through_platform: bool


def dashboard_key(ledger: Ledger) -> str:
    """Returns the secret key that acts as the account itself, without the header `Stripe-Account`."""
    return f"sk_{'live' if ledger.livemode else 'test'}_{ledger.id}"


def authenticate(world: World, request: Request) -> Caller:
    """Returns the caller of the request.

    Raises StripeFault 401 for a wrong key, and 403 for an account that the key cannot access.
    """
    key = secret_key(request)
    account = request.header("stripe-account")
    livemode = platform_mode(world, key)
    if livemode is not None:
        if not account:
            return Caller(world.platform, livemode, True)
        return Caller(world.accessible_ledger(account, _masked(key), livemode), livemode, True)
    own = world.ledgers.get(key.split("_", 2)[-1]) if key.count("_") >= 3 else None
    if own is None or key != dashboard_key(own):
        raise StripeFault(401, f"Invalid API Key provided: {_masked(key)}", stored=False)
    if account not in ("", own.id):
        world.accessible_ledger("", _masked(key), own.livemode)
    return Caller(own, own.livemode, False)


def platform_mode(world: World, key: str) -> bool | None:
    """Returns the `livemode` of a platform key, or None if the key is not a platform key."""
    if key == world.config.platform_key_test:
        return False
    return True if key == world.config.platform_key_live else None


def secret_key(request: Request) -> str:
    """Returns the key of a Bearer or Basic header. Raises StripeFault 401 if there is none."""
    scheme, _, value = request.header("authorization").partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            value = ""
    elif scheme.lower() != "bearer":
        value = ""
    if not value.strip():
        raise StripeFault(
            401,
            "You did not provide an API key. You need to provide your API key in the Authorization header, using"
            " Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            headers={"WWW-Authenticate": 'Basic realm="Stripe"'},
            stored=False,
        )
    return value.strip()


def _masked(key: str) -> str:
    return f"{key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"

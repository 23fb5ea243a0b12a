"""A session on a double whose clock runs, for tests of the product part."""

from __future__ import annotations

from collections.abc import Callable

import stripe

from infra.sandbox.client import Budget, Recorder
from infra.sandbox.session import Session
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import Config, InProcessClient, StripeDouble

KEY = "sk_test_TheTrueKeyThatNobodyMaySee"


def new_session(
    client: Callable[[StripeDouble], stripe.HTTPClient] = InProcessClient,
    *,
    connected: bool = True,
    allowed: int = 400,
) -> Session:
    """Returns a session on an account of a new double. `client` changes the double's responses."""
    double = StripeDouble(Config(platform_key_test=KEY))
    account = double.create_account(connected=connected)["id"]
    target, recorder = DoubleTarget(double, client), Recorder(lambda exchange: exchange)
    return Session(target, KEY, double.config.client_id_test, account, "00000001", Budget(allowed), recorder)

"""A laboratory on a double whose clock runs, for tests of the product part."""

from __future__ import annotations

from collections.abc import Callable

import stripe

from infra.sandbox.carrying import Budget, Recorder
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.sides import DoubleSide
from infra.stripe_double import Config, InProcessClient, StripeDouble

KEY = "sk_test_TheTrueKeyThatNobodyMaySee"


def laboratory(
    client: Callable[[StripeDouble], stripe.HTTPClient] = InProcessClient,
    *,
    connected: bool = True,
    allowed: int = 400,
) -> Laboratory:
    """Returns a laboratory on an account of a new double. `client` changes what the double answers."""
    double = StripeDouble(Config(platform_key_test=KEY))
    account = double.create_account(connected=connected)["id"]
    side, recorder = DoubleSide(double, client), Recorder(lambda exchange: exchange)
    return Laboratory(side, KEY, double.config.client_id_test, account, "00000001", Budget(allowed), recorder)

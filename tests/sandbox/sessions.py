"""Sessions on doubles in this process."""

from __future__ import annotations

from chalicelib.domain.identifiers import StripeAccountId
from infra.sandbox.client import Budget, Recorder
from infra.sandbox.session import Session
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import StripeDouble


def new_session(double: StripeDouble, budget: Budget | None = None) -> Session:
    """Returns a run on an account of the double, whose recorder keeps everything as it came."""
    account = StripeAccountId(double.create_account(business_name="Blue Lagoon Pools")["id"])
    config = double.world.config
    recorder = Recorder(lambda exchange: exchange)
    return Session(
        DoubleTarget(double),
        config.platform_key_test,
        config.client_id_test,
        account,
        "00000001",
        budget or Budget(),
        recorder,
    )

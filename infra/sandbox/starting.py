"""Where a run goes, with which keys and on which account, and what may be told of it."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.domain.identifiers import StripeAccountId
from infra.sandbox.carrying import Budget, Recorder
from infra.sandbox.connecting import Person, connected_already, connected_by
from infra.sandbox.keys import Keys
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.redaction import Redaction
from infra.sandbox.sides import DoubleSide, Side, StripeItself
from infra.stripe_double import Clock, StripeDouble
from infra.stripe_double.clock import DAY
from infra.stripe_double.config import Config

PACE = 0.06
"""Seconds between two requests: Stripe takes 25 a second in test mode (https://docs.stripe.com/rate-limits)."""


@dataclass
class Sandbox:
    """Where a run goes: the side, the keys, and what may be told."""

    side: Side
    keys: Keys
    person: Callable[[str], str | None] = lambda url: None
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    budget: Budget = field(default_factory=Budget)
    tell: Callable[[str], None] = lambda line: None
    """Shows a line of progress where time is waited for. A double is not waited for."""
    account: str = ""

    def __post_init__(self) -> None:
        self.redaction = Redaction(self.keys.secrets)
        self.recorder = Recorder(self.redaction)

    def laboratory(self, account: str) -> Laboratory:
        """Returns the laboratory on an account. All of a run share the budget and the recording."""
        pace = (lambda: time.sleep(PACE)) if isinstance(self.side, StripeItself) else (lambda: None)
        return Laboratory(
            self.side, self.keys.key, self.keys.client_id, StripeAccountId(account), self.run, self.budget,
            self.recorder, pace, code=self.person, tell=self.tell, restricted_key=self.keys.restricted_key or None,
        )  # fmt: skip

    def laboratory_on_its_account(self, choose: Callable[[list[str]], str]) -> Laboratory:
        """Returns the laboratory on the account of the run: the given one, or the one that somebody connects, or one
        that `choose` picks of those that are connected. Raises NoAccount."""
        self.account = self.keys.account or self._found(self.laboratory(""), choose)
        return self.laboratory(self.account)

    def _found(self, platform: Laboratory, choose: Callable[[list[str]], str]) -> str:
        if isinstance(self.person, Person):
            return connected_by(self.person, platform)
        return connected_already(platform, choose)


def on_stripe(keys: Keys, tell: Callable[[str], None]) -> Sandbox:
    """Returns the sandbox on Stripe itself; somebody can connect an account if there is a client id."""
    sandbox = Sandbox(StripeItself(), keys, tell=tell)
    if keys.client_id:
        sandbox.person = Person(tell)
    return sandbox


def on_double(seed: int, pays_out: bool = False) -> Sandbox:
    """Returns the sandbox on a new double in this process, on which a person connects a second account.

    One that pays out begins at midnight UTC, when it pays out: the double that is held beside it takes an hour longer
    for the same steps, and must not come to the next midnight earlier.
    """
    schedule = "daily" if pays_out else "manual"
    clock = Clock(offset=DAY - time.time() % DAY if pays_out else 0.0)
    double = StripeDouble(Config(seed=seed), clock=clock, rng=random.Random(seed))
    account = double.create_account(business_name="Blue Lagoon Pools", payout_schedule=schedule)["id"]
    another = double.create_account(business_name="Second Pools")["id"]
    config = double.world.config
    keys = Keys(config.platform_key_test, config.client_id_test, account)
    return Sandbox(DoubleSide(double), keys, lambda url: double.authorization_code(another))

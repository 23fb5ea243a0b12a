"""Prepares a run: the target of its requests, the keys, the account, and the redaction."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.domain.identifiers import StripeAccountId
from infra.sandbox.client import Budget, Recorder
from infra.sandbox.connecting import Person, account_connected_by, choose_connected_account
from infra.sandbox.keys import Keys
from infra.sandbox.redaction import Redaction
from infra.sandbox.session import Session
from infra.sandbox.targets import DoubleTarget, StripeTarget, Target
from infra.stripe_double import Clock, StripeDouble
from infra.stripe_double.clock import DAY
from infra.stripe_double.config import Config

SECONDS_BETWEEN_REQUESTS = 0.06
"""Seconds between two requests. Stripe accepts 25 a second in test mode (https://docs.stripe.com/rate-limits)."""


@dataclass
class Sandbox:
    """The target, the keys, the recording and the redaction of a run."""

    target: Target
    keys: Keys
    person: Callable[[str], str | None] = lambda url: None
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    budget: Budget = field(default_factory=Budget)
    progress: Callable[[str], None] = lambda line: None
    """Shows a line of progress while the run waits. A double needs no waiting."""
    account: str = ""

    def __post_init__(self) -> None:
        self.redaction = Redaction(self.keys.secrets)
        self.recorder = Recorder(self.redaction)

    def session(self, account: str) -> Session:
        """Returns a session on an account. All sessions of a run share the budget and the recording."""
        pace = (
            (lambda: time.sleep(SECONDS_BETWEEN_REQUESTS))
            if isinstance(self.target, StripeTarget)
            else (lambda: None)
        )
        return Session(
            self.target,
            self.keys.key,
            self.keys.client_id,
            StripeAccountId(account),
            self.run,
            self.budget,
            self.recorder,
            pace,
            authorize=self.person,
            progress=self.progress,
            restricted_key=self.keys.restricted_key or None,
        )

    def open_session(self, choose: Callable[[list[str]], str]) -> Session:
        """Returns the session on the run's account. Raises NoAccount.

        The account is the configured one, or one that a person connects, or a connected one that `choose` picks.
        """
        self.account = self.keys.account or self._connected_account(self.session(""), choose)
        return self.session(self.account)

    def _connected_account(self, platform: Session, choose: Callable[[list[str]], str]) -> str:
        if isinstance(self.person, Person):
            return account_connected_by(self.person, platform)
        return choose_connected_account(platform, choose)


def on_stripe(keys: Keys, progress: Callable[[str], None]) -> Sandbox:
    """Returns a sandbox on Stripe. With a client id, a person can connect an account."""
    sandbox = Sandbox(StripeTarget(), keys, progress=progress)
    if keys.client_id:
        sandbox.person = Person(progress)
    return sandbox


def on_double(seed: int, pays_out: bool = False) -> Sandbox:
    """Returns a sandbox on a new double in this process, on which a person connects a second account.

    A double that pays out begins at midnight UTC, when it pays out. The double for the comparison needs an hour
    longer for the same steps, and must not reach the next midnight earlier.
    """
    schedule = "daily" if pays_out else "manual"
    clock = Clock(offset=DAY - time.time() % DAY if pays_out else 0.0)
    double = StripeDouble(Config(seed=seed), clock=clock, rng=random.Random(seed))
    account = double.create_account(business_name="Blue Lagoon Pools", payout_schedule=schedule)["id"]
    another = double.create_account(business_name="Second Pools")["id"]
    config = double.world.config
    keys = Keys(config.platform_key_test, config.client_id_test, account)
    return Sandbox(DoubleTarget(double), keys, lambda url: double.authorization_code(another))

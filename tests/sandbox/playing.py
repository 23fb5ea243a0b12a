"""Plays stories on a new double, and returns the objects that they created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import stripe

from infra.sandbox.client import Budget, Recorder
from infra.sandbox.session import Session
from infra.sandbox.stories.registry import STORIES
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble

BY_NAME = {story.name: story for story in STORIES}


def new_session(client: Callable[[StripeDouble], stripe.HTTPClient] = InProcessClient, **account: Any) -> Session:
    """A run on a new double."""
    double = StripeDouble(Config(), clock=Clock.frozen())
    account_id = double.create_account(**account)["id"]
    target = DoubleTarget(double, client)
    config = double.config
    recorder = Recorder(lambda exchange: exchange)
    return Session(
        target, config.platform_key_test, config.client_id_test, account_id, "00000001", Budget(), recorder
    )


def play(*names: str, session: Session | None = None) -> Session:
    """The session after these stories."""
    session = session or new_session()
    for name in names:
        with session.recorder.during(name):
            BY_NAME[name].play(session)
    return session


def objects_of_kind(session: Session, kind: str) -> list[Mapping[str, Any]]:
    """All objects of a kind on the account."""
    assert isinstance(session.target, DoubleTarget)
    objects: Mapping[str, Any] = session.target.double.ledger(session.account)["objects"]
    return list(objects.get(kind, ()))


def statuses(session: Session, kind: str) -> list[str]:
    """The statuses of all objects of a kind, sorted."""
    return sorted(each["status"] for each in objects_of_kind(session, kind))


def answers(session: Session, step: str) -> list[int]:
    """The HTTP statuses of a step."""
    return [exchange.status for exchange in session.recorder.exchanges if exchange.step == step]

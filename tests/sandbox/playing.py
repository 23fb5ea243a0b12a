"""Plays stories on a new double, and tells what they left there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import stripe

from infra.sandbox.carrying import Budget, Recorder
from infra.sandbox.laboratory import Laboratory
from infra.sandbox.sides import DoubleSide
from infra.sandbox.stories.every import STORIES
from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble

BY_NAME = {story.name: story for story in STORIES}


def laboratory(client: Callable[[StripeDouble], stripe.HTTPClient] = InProcessClient, **account: Any) -> Laboratory:
    """A run on a new double."""
    double = StripeDouble(Config(), clock=Clock.frozen())
    made = double.create_account(**account)["id"]
    side = DoubleSide(double, client)
    config = double.config
    recorder = Recorder(lambda exchange: exchange)
    return Laboratory(side, config.platform_key_test, config.client_id_test, made, "00000001", Budget(), recorder)


def played(*names: str, lab: Laboratory | None = None) -> Laboratory:
    """The laboratory after these stories."""
    lab = lab or laboratory()
    for name in names:
        with lab.recorder.during(name):
            BY_NAME[name].play(lab)
    return lab


def left(lab: Laboratory, kind: str) -> list[Mapping[str, Any]]:
    """All objects of a kind on the account."""
    assert isinstance(lab.side, DoubleSide)
    objects: Mapping[str, Any] = lab.side.double.ledger(lab.account)["objects"]
    return list(objects.get(kind, ()))


def statuses(lab: Laboratory, kind: str) -> list[str]:
    """The statuses of all objects of a kind, sorted."""
    return sorted(each["status"] for each in left(lab, kind))


def answers(lab: Laboratory, step: str) -> list[int]:
    """The HTTP statuses of a step."""
    return [exchange.status for exchange in lab.recorder.exchanges if exchange.step == step]

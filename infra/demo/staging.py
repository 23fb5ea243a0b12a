"""A local stack whose time can pass: POM's clock and Stripe's go ahead together, and nobody waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.demo.moved_clock import VARIABLE, MovedClock
from infra.demo.people import Surroundings
from infra.local.cloudwatch.clock import SkippingClock
from infra.local.stack import LocalStack

MOVED_APP = "infra.demo.moved_app:app"


@contextmanager
def staged(
    directory: Path, *, app: str = MOVED_APP, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[LocalStack, SkippingClock]]:
    """A running stack and its clock. `app` installs the moved clock; `directory` keeps how far ahead that is."""
    moved = directory / "seconds-ahead"
    clock = MovedClock(moved)
    with LocalStack(app=app, variables={VARIABLE: str(moved), **(variables or {})}) as stack:
        world = Surroundings(stack.urls.stripe)

        def moved_on(seconds: float) -> None:
            clock.advance(seconds)
            world.advances(seconds)

        yield stack, SkippingClock(moved=moved_on)

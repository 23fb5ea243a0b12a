"""A local stack whose clocks can be skipped ahead, so that a demo does not wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from infra.demo.people import Surroundings
from infra.local.cloudwatch.clock import SkippingClock
from infra.local.stack import LocalStack

ENFORCED_APP = "infra.local.enforced_policies:app"


@contextmanager
def demo_stack(
    *, app: str = ENFORCED_APP, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[LocalStack, SkippingClock]]:
    """Yields a running stack and its clock. POM's clock follows the Stripe double's, as always on the local stack."""
    with LocalStack(app=app, variables=variables) as stack:
        yield stack, SkippingClock(on_skip=Surroundings(stack.urls.stripe).advances)

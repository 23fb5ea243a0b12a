"""Sends requests to Stripe at a lane's pace: the same ports, with a gateway that waits before each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from chalicelib.domain.errors import StripeBusy, StripeUnavailable
from chalicelib.domain.pacing import Pace
from chalicelib.ports import Ports, StripeGateway

PATIENCE = 30
"""Seconds beyond the end of a worker's turn for which a throttled request is repeated."""


class PacedStripe:
    """A lane's gateway. It sends each kind of request at most once in the lane's interval.

    A kind of request is a method of the gateway, which is nearly always one endpoint of Stripe. If Stripe throttles a
    request, the lane slows down and repeats it, so that callers do not notice.
    """

    def __init__(self, ports: Ports, pace: Pace, full: int, until: int) -> None:
        self.pace = pace
        self.throttled = 0
        self.failing = False
        """True if Stripe did not respond, or failed."""
        self._ports = ports
        self._full = full
        self._until = until
        self._next: dict[str, int] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def paced(*args: Any, **kwargs: Any) -> Any:
            return self._ask(name, lambda: getattr(self._ports.stripe, name)(*args, **kwargs))

        return paced

    def _ask(self, kind: str, request: Callable[[], Any]) -> Any:
        clock = self._ports.clock
        while True:
            self._wait(kind)
            try:
                response = request()
            except StripeBusy:
                self.throttled += 1
                self.pace = self.pace.slowed()
                self._next[kind] = clock.milliseconds() + self.pace.interval
                if self._next[kind] > (self._until + PATIENCE) * 1000:
                    raise
            except StripeUnavailable:
                self.failing = True
                raise
            else:
                self.pace = self.pace.after_success(self._full)
                return response

    def _wait(self, kind: str) -> None:
        clock = self._ports.clock
        now = clock.milliseconds()
        at = max(self._next.get(kind, self.pace.not_before), now)
        if at > now:
            clock.sleep((at - now) / 1000)
        self._next[kind] = at + self.pace.interval

    def final_pace(self) -> Pace:
        """Returns the pace for the next worker on the lane, which does not know when each kind of request was last
        sent.
        """
        return self.pace.delayed_until(max(self._next.values(), default=0))


class PacedPorts:
    """`Ports` with another gateway."""

    def __init__(self, ports: Ports, stripe: PacedStripe) -> None:
        self._ports = ports
        self.stripe = cast(StripeGateway, stripe)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


def paced(ports: Ports, stripe: PacedStripe) -> Ports:
    """Returns the ports with the lane's paced gateway."""
    return cast(Ports, PacedPorts(ports, stripe))

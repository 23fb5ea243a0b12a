"""Ask Stripe at a lane's pace: the same ports, with a gateway that waits its turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from chalicelib.domain.errors import StripeBusy, StripeUnavailable
from chalicelib.domain.pacing import Pace
from chalicelib.ports import Ports, StripeGateway

PATIENCE = 30
"""Seconds beyond the chunk's end for which a request that Stripe keeps refusing is repeated."""


class PacedStripe:
    """A lane's gateway: each kind of request at most once in the lane's interval.

    A kind of request is a method of the gateway, which nearly always is one endpoint of Stripe's. Where Stripe
    throttles, the lane slows down and the request is made again, so that nobody above ever hears of it.
    """

    def __init__(self, ports: Ports, pace: Pace, full: int, until: int) -> None:
        self.pace = pace
        self.throttled = 0
        self.failing = False
        """Whether Stripe did not answer, or failed."""
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
                answer = request()
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
                return answer

    def _wait(self, kind: str) -> None:
        clock = self._ports.clock
        now = clock.milliseconds()
        at = max(self._next.get(kind, self.pace.not_before), now)
        if at > now:
            clock.sleep((at - now) / 1000)
        self._next[kind] = at + self.pace.interval

    def final_pace(self) -> Pace:
        """The pace, for whoever takes the lane up next: it cannot know which kind of request was made when."""
        return self.pace.delayed_until(max(self._next.values(), default=0))


class PacedPorts:
    """`Ports` with another gateway."""

    def __init__(self, ports: Ports, stripe: PacedStripe) -> None:
        self._ports = ports
        self.stripe = cast(StripeGateway, stripe)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


def paced(ports: Ports, stripe: PacedStripe) -> Ports:
    """These ports at a lane's pace."""
    return cast(Ports, PacedPorts(ports, stripe))

"""The limits between many organizations and one stage, in virtual time: API Gateway's, Lambda's, and queues.

API Gateway's documented semantics: a limit is a bucket that holds `burst` tokens and is filled by `rate` a second; a
request takes one, or is refused. The limit of a client's key comes first, and then that of the method
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html). AWS applies the
limits on a best-effort basis; this model applies them exactly.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.template.api import BURST, RATE

SECONDS = 200.0
"""The seconds for which a load lasts."""
GREEDY, MODEST = "greedy", "modest"
MODEST_RATE = 2.0
"""The requests or jobs a second of the modest organization, which may suffer from the greedy one."""


class TokenBucket:
    """A limit of API Gateway, as a bucket of tokens."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, 0.0

    def takes(self, now: float) -> bool:
        """Takes a token for a request at `now`. Returns False if the request is refused."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(frozen=True)
class Edge:
    """The limits of requests.

    `lanes` are keys of a usage plan, each with `lane_rate` requests a second; the two organizations have different
    keys. `share` is the share of a function's requests that one organization may have; the function refuses the
    others at once.
    """

    quota: int
    lane_rate: float | None = None
    share: float | None = None


REFUSING_TAKES = 0.005
"""The seconds that a function takes to refuse a request beyond its organization's share."""


def refused_share(edge: Edge, load: float, takes: float) -> float:
    """Returns the share of the modest organization's requests that is refused, while the greedy one sends `load`
    requests a second.

    Both call one method, whose function takes `takes` seconds.
    """
    rng = random.Random(0)
    method = TokenBucket(RATE, BURST)
    lanes = {name: TokenBucket(edge.lane_rate, 2 * edge.lane_rate) for name in (GREEDY, MODEST) if edge.lane_rate}
    running: list[float] = []
    requests = refusals = 0
    window: deque[str] = deque(maxlen=100)
    for now, organization in _arrivals({GREEDY: load, MODEST: MODEST_RATE}, rng):
        while running and running[0] <= now:
            heapq.heappop(running)
        window.append(organization)
        accepted = (not lanes or lanes[organization].takes(now)) and method.takes(now) and len(running) < edge.quota
        if accepted:
            over_share = edge.share is not None and window.count(organization) > edge.share * len(window)
            heapq.heappush(running, now + (REFUSING_TAKES if over_share else takes))
        if organization == MODEST:
            requests, refusals = requests + 1, refusals + (not accepted)
    return refusals / requests


def least_load(edge: Edge, takes: float, tolerated: float = 0.01) -> int:
    """Returns the lowest load, in requests a second, at which more than `tolerated` of the modest organization's
    requests are refused.
    """
    low, high = 1, 1024
    while low < high:
        middle = (low + high) // 2
        if refused_share(edge, middle, takes) > tolerated:
            high = middle
        else:
            low = middle + 1
    return low


def longest_wait(workers: int, takes: float, jobs: int, rate: float) -> float:
    """Returns the longest seconds that a message of the modest organization waits, while the greedy one queues this
    number of jobs.

    Each job is its own message group, so any worker may take it, and SQS delivers the jobs in the order of their
    arrival.
    """
    free = [0.0] * workers
    longest = 0.0
    for now, organization in _arrivals({GREEDY: rate, MODEST: MODEST_RATE}, random.Random(0), jobs / rate):
        begins = max(now, heapq.heappop(free))
        heapq.heappush(free, begins + takes)
        if organization == MODEST:
            longest = max(longest, begins - now)
    return longest


def _arrivals(
    rates: Mapping[str, float], rng: random.Random, seconds: float = SECONDS
) -> Iterator[tuple[float, str]]:
    """Yields requests at random times, at each organization's rate, in the order of time."""
    due = [(rng.expovariate(rate), organization) for organization, rate in rates.items()]
    heapq.heapify(due)
    while due and due[0][0] < seconds:
        now, organization = due[0]
        heapq.heapreplace(due, (now + rng.expovariate(rates[organization]), organization))
        yield now, organization

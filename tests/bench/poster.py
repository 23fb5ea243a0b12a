"""`python -m tests.bench.poster`: posts the webhooks from standard input, each as soon as the one before has its
response.

A JSON object on standard input names `url`, `secret`, `bodies` and, unless it is THREADS, `threads`. A webhook
without a 200 is sent again after the others of its thread, as Stripe would do, and counted in `refused`.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.bench.samples import signature

THREADS = 4
TRIES = 5
"""The number of attempts to send a webhook before the program gives up."""


@dataclass
class Told:
    """The responses that a thread received: the milliseconds and the Server-Timing header of each 200."""

    milliseconds: list[float] = field(default_factory=list)
    timings: list[str] = field(default_factory=list)
    refused: int = 0


def main() -> None:
    given = json.load(sys.stdin)
    parts = urlsplit(given["url"])
    bodies = [body.encode() for body in given["bodies"]]
    threads = given.get("threads", THREADS)

    def post(mine: list[bytes]) -> Told:
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        told, waiting = Told(), deque((body, 1) for body in mine)
        while waiting:
            body, tries = waiting.popleft()
            headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body, given["secret"])}
            began = time.perf_counter()
            connection.request("POST", parts.path, body, headers)
            answer = connection.getresponse()
            answered = answer.read()
            if answer.status == 200:
                told.milliseconds.append((time.perf_counter() - began) * 1000)
                told.timings.append(answer.getheader("Server-Timing", ""))
                continue
            told.refused += 1
            if tries == TRIES:
                raise RuntimeError(f"{answer.status} {TRIES} times: {answered.decode()[:2000]}")
            waiting.append((body, tries + 1))
        return told

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        told = list(pool.map(post, [bodies[n::threads] for n in range(threads)]))
    said = {
        "seconds": time.perf_counter() - began,
        "count": len(bodies),
        "bytes": sum(map(len, bodies)) // len(bodies),
        "threads": threads,
        "milliseconds": [each for thread in told for each in thread.milliseconds],
        "timings": [each for thread in told for each in thread.timings],
        "refused": sum(thread.refused for thread in told),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()

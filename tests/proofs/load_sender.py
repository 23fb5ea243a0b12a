"""`python -m tests.proofs.load_sender`: posts webhooks, each at its own time, whatever happened to those before.

A JSON object on standard input names `url`, `secret`, `begin` (epoch seconds), `bodies` and `plan`: pairs of seconds
after `begin` and a body's number. A webhook without a 2xx response is signed again and sent again, after the waits of
`WAITS`. Prints the outcome of each webhook.
"""

from __future__ import annotations

import heapq
import http.client
import json
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.bench.samples import signature

THREADS = 64
TIMEOUT = 10.0
WAITS = (0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0)
"""The waits in seconds. Stripe's own waits are minutes to hours."""


@dataclass
class Delivery:
    """`latency` is the time from the planned time to the 2xx, including the sender's queue and all attempts."""

    number: int
    body: int
    intended: float
    tries: int = 0
    refusals: int = 0
    latency: float | None = None
    answered: float | None = None


class Sender:
    """Holds the deliveries by their due time, and the threads that send them."""

    def __init__(self, given: dict[str, Any]) -> None:
        parts = urlsplit(given["url"])
        self._host, self._path, self._secret = parts.netloc, parts.path, str(given["secret"])
        self._bodies = [body.encode() for body in given["bodies"]]
        self._begin = float(given["begin"])
        self.deliveries = [Delivery(n, body, at) for n, (at, body) in enumerate(given["plan"])]
        self._due = [(each.intended, each.number) for each in self.deliveries]
        heapq.heapify(self._due)
        self._open = len(self._due)
        self._changed = threading.Condition()

    def run(self) -> None:
        threads = [threading.Thread(target=self._work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _now(self) -> float:
        return time.time() - self._begin

    def _take(self) -> Delivery | None:
        with self._changed:
            while self._open:
                wait = self._due[0][0] - self._now() if self._due else None
                if wait is not None and wait <= 0:
                    return self.deliveries[heapq.heappop(self._due)[1]]
                self._changed.wait(wait)
            return None

    def _work(self) -> None:
        connection = http.client.HTTPConnection(self._host, timeout=TIMEOUT)
        while delivery := self._take():
            status = self._post(connection, self._bodies[delivery.body])
            now = self._now()
            delivery.tries += 1
            delivery.refusals += status is not None and status // 100 != 2
            with self._changed:
                if status is not None and status // 100 == 2:
                    delivery.latency, delivery.answered = now - delivery.intended, now
                    self._open -= 1
                elif delivery.tries <= len(WAITS):
                    heapq.heappush(self._due, (now + WAITS[delivery.tries - 1], delivery.number))
                else:
                    self._open -= 1
                self._changed.notify_all()
        connection.close()

    def _post(self, connection: http.client.HTTPConnection, body: bytes) -> int | None:
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body, self._secret)}
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            with suppress(OSError):
                connection.close()
            return None
        return answer.status


def main() -> None:
    sender = Sender(json.load(sys.stdin))
    sender.run()
    print(json.dumps([asdict(each) for each in sender.deliveries]))


if __name__ == "__main__":
    main()

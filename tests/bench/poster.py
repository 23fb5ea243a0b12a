"""`python -m tests.bench.poster`: posts the webhooks given on standard input as fast as they are answered."""

from __future__ import annotations

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.bench.samples import signature

THREADS = 4


def main() -> None:
    given = json.load(sys.stdin)
    parts = urlsplit(given["url"])
    bodies = [body.encode() for body in given["bodies"]]

    def post(mine: list[bytes]) -> list[float]:
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        took = []
        for body in mine:
            headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body, given["secret"])}
            began = time.perf_counter()
            connection.request("POST", parts.path, body, headers)
            answer = connection.getresponse()
            answered = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {answered.decode()}")
            took.append((time.perf_counter() - began) * 1000)
        return took

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        took = [each for mine in pool.map(post, [bodies[n::THREADS] for n in range(THREADS)]) for each in mine]
    told = {
        "seconds": time.perf_counter() - began,
        "count": len(bodies),
        "bytes": sum(map(len, bodies)) // len(bodies),
        "threads": THREADS,
        "milliseconds": took,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()

"""Two ways to send the same webhooks: each after the response to the one before, or at a fixed rate."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.stack import LocalStack
from tests.bench.samples import signature
from tests.bench.shares import Share, share
from tests.e2e.company import send_bytes
from tests.stack_modules import run_module

LEAD = 2.5
"""Seconds until the first of an open loop is due: the sender has to start."""
AT_ONCE = 8


@dataclass
class Posted:
    """The measurements of all senders together."""

    count: int = 0
    seconds: float = 0.0
    refused: int = 0
    milliseconds: list[float] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answered 200 a second."""
        return self.count / self.seconds

    def add(self, other: Posted) -> None:
        """Take another round of the same in."""
        self.count += other.count
        self.seconds += other.seconds
        self.refused += other.refused
        self.milliseconds += other.milliseconds
        self.shares += other.shares


def closed_loop(stack: LocalStack, url: str, bodies: Sequence[str], posters: int) -> Posted:
    """Each of `posters` sends its next webhook when the last is answered."""
    given = {"url": url, "secret": stack.secret.webhook_secrets[0], "bodies": bodies, "threads": posters}
    told = json.loads(run_module(stack, "tests.bench.poster", standard_input=json.dumps(given)))
    timed = zip(told["milliseconds"], told["timings"], strict=True)
    return Posted(
        told["count"],
        told["seconds"],
        told["refused"],
        told["milliseconds"],
        [share(took, header) for took, header in timed if header],
    )


def open_loop(stack: LocalStack, url: str, bodies: Sequence[str], rate: float) -> Posted:
    """Each is due at its own moment, `rate` a second; its milliseconds count from then, every try included.

    Raises:
        RuntimeError: one was not answered 200 in all its tries.
    """
    given = {
        "url": url,
        "secret": stack.secret.webhook_secrets[0],
        "begin": time.time() + LEAD,
        "bodies": bodies,
        "plan": [(number / rate, number) for number in range(len(bodies))],
    }
    sent = json.loads(run_module(stack, "tests.proofs.load_sender", standard_input=json.dumps(given)))
    if any(each["latency"] is None for each in sent):
        raise RuntimeError(f"some webhooks were never taken by {url}")
    return Posted(
        len(sent),
        max(each["answered"] for each in sent),
        sum(each["refusals"] for each in sent),
        [each["latency"] * 1000 for each in sent],
    )


def cpu_seconds(pid: int) -> float:
    """Returns the processor seconds that a running process has used. Returns 0 on systems without /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def taken_at_once(stack: LocalStack, url: str, bodies: Sequence[str]) -> int:
    """How many of these are answered 200 when they are sent once, several at a time."""
    secret = stack.secret.webhook_secrets[0]

    def is_taken(body: str) -> bool:
        sent = body.encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature(sent, secret)}
        return send_bytes("POST", url, sent, headers).status == 200

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(is_taken, bodies))

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
"""The seconds before the first webhook of an open loop is due, in which the sender starts."""
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
        """Returns the webhooks a second that got a 200."""
        return self.count / self.seconds

    def add(self, other: Posted) -> None:
        """Adds the measurements of another round."""
        self.count += other.count
        self.seconds += other.seconds
        self.refused += other.refused
        self.milliseconds += other.milliseconds
        self.shares += other.shares


def closed_loop(stack: LocalStack, url: str, bodies: Sequence[str], posters: int) -> Posted:
    """Sends webhooks in `posters` threads. Each thread sends its next webhook after the response to the last one."""
    sender_input = {"url": url, "secret": stack.secret.webhook_secrets[0], "bodies": bodies, "threads": posters}
    sender_output = json.loads(run_module(stack, "tests.bench.poster", standard_input=json.dumps(sender_input)))
    timed = zip(sender_output["milliseconds"], sender_output["timings"], strict=True)
    return Posted(
        sender_output["count"],
        sender_output["seconds"],
        sender_output["refused"],
        sender_output["milliseconds"],
        [share(took, header) for took, header in timed if header],
    )


def open_loop(stack: LocalStack, url: str, bodies: Sequence[str], rate: float) -> Posted:
    """Sends each webhook at its planned time, `rate` a second. Its milliseconds count from that time and include all
    attempts.

    Raises:
        RuntimeError: a webhook got no 200 in any attempt.
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
    """Sends each webhook once, several at a time. Returns how many got a 200."""
    secret = stack.secret.webhook_secrets[0]

    def is_taken(body: str) -> bool:
        sent = body.encode()
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature(sent, secret)}
        return send_bytes("POST", url, sent, headers).status == 200

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(is_taken, bodies))

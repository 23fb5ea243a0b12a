"""Divides the time of a request by the caller's clock and the Server-Timing header of `timed_app`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.figures import Figure, no_budget, percentile


@dataclass(frozen=True)
class Share:
    """The milliseconds of one request as its caller measured them, the part of them in the app, and the part of that
    in calls.
    """

    whole: float
    app: float
    stripe: float
    dynamodb: float
    aws: float
    stripe_calls: int
    dynamodb_calls: int

    @property
    def ours(self) -> float:
        """Returns the milliseconds of POM's code with its libraries (pynamodb, botocore, Stripe's SDK), without the
        time that they wait.
        """
        return self.app - self.stripe - self.dynamodb - self.aws

    @property
    def harness(self) -> float:
        """Returns the milliseconds of the local API server, the check of the token, and the transfer in both
        directions.
        """
        return self.whole - self.app


def share(whole: float, header: str) -> Share:
    """Returns the share of a request that took `whole` milliseconds and whose response had this header."""
    took, calls = {}, {}
    for each in header.split(", "):
        place, duration, number = each.split(";")
        took[place] = float(duration.removeprefix("dur="))
        calls[place] = int(number.removeprefix("desc="))
    return Share(
        whole,
        took["app"],
        took.get("stripe", 0.0),
        took.get("dynamodb", 0.0),
        took.get("aws", 0.0),
        calls.get("stripe", 0),
        calls.get("dynamodb", 0),
    )


def told(what: str, shares: Sequence[Share], how: str) -> list[Figure]:
    """Returns the median and the 99th percentile of the whole, and the median of each share."""
    whole = [each.whole for each in shares]
    of_dynamodb = median(each.dynamodb_calls for each in shares)
    of_stripe = median(each.stripe_calls for each in shares)
    parts = [
        ("our code", [each.ours for each in shares], "SDKs included, not what they wait for"),
        ("DynamoDB Local", [each.dynamodb for each in shares], f"{of_dynamodb:g} calls"),
        ("the Stripe double", [each.stripe for each in shares], f"{of_stripe:g} calls"),
        ("the local harness", [each.harness for each in shares], "front door, token check, loopback"),
    ]
    return [
        no_budget(f"{what}, p50", percentile(whole, 0.5), "ms", how),
        no_budget(f"{what}, p99", percentile(whole, 0.99), "ms", ""),
        *(
            no_budget(
                f"  of it {name}, p50", percentile(took, 0.5), "ms", f"{why}; p99 {percentile(took, 0.99):.1f} ms"
            )
            for name, took, why in parts
            if any(took)
        ),
    ]

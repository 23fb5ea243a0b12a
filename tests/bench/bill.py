"""The cost of recorded invocations in dollars, by AWS's list prices. Figures that this machine cannot measure are
assumed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.functions import API_HANDLER, AUTHORIZER, BY_NAME
from infra.template.api import ACCESS_LOG
from tests.bench.prices import price_list
from tests.bench.stories_stage import Invocation
from tests.bench.units import READS

GIGABYTE = 1e9

VCPU = 1769
"""MB of memory for which Lambda gives one processor (docs.aws.amazon.com/lambda, configuration-memory)."""
SLOWER = 1.5
"""The time that a Lambda's processor takes for some work, as a multiple of this machine's time."""
READ_TAKES, WRITE_TAKES, SEND_TAKES, STRIPE_TAKES = 0.005, 0.010, 0.010, 0.300
"""The assumed seconds that the code waits for a read or a write of DynamoDB, a message to SQS, and a call of
Stripe.
"""
PLATFORM_LINES = 2
PLATFORM_BYTES = 650
"""The lines that Lambda itself logs for an invocation, platform.start and platform.report, as JSON."""
PER_LINE = 26
"""Bytes that CloudWatch Logs adds to each line."""
ACCESS_BYTES = len(json.dumps(ACCESS_LOG)) + 40
"""One access log line of API Gateway. Its values are about as long as the names of the variables in it."""
HEADERS = 900
"""The bytes of a response without its body."""
STRIPE_BYTES = 1500
"""The bytes that a call sends to Stripe."""
SQS_REQUESTS = 3
"""The requests to SQS for each message: it is sent, received and deleted."""


@dataclass(frozen=True)
class Bill:
    """The costs of some work in dollars, by component."""

    components: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.components.values())

    def __add__(self, other: Bill) -> Bill:
        return Bill(dict(Counter(self.components) + Counter(other.components)))

    def times(self, factor: float) -> Bill:
        return Bill({name: dollars * factor for name, dollars in self.components.items()})


def duration(invocation: Invocation) -> float:
    """Returns the assumed seconds that Lambda would bill for an invocation."""
    memory = BY_NAME[invocation.function].memory
    asked = sum(READ_TAKES if each.operation in READS else WRITE_TAKES for each in invocation.requests)
    waited = asked + invocation.messages * SEND_TAKES + invocation.stripe_calls * STRIPE_TAKES
    return invocation.cpu * SLOWER * max(1.0, VCPU / memory) + waited


def logged(invocation: Invocation) -> int:
    """Returns the bytes that CloudWatch Logs ingests for an invocation."""
    lines = invocation.logged.splitlines()
    access = ACCESS_BYTES + PER_LINE if invocation.function == API_HANDLER else 0
    own = len(invocation.logged.encode()) + PER_LINE * len(lines)
    return own + PLATFORM_BYTES + PER_LINE * PLATFORM_LINES + access


def bill_of(invocations: Iterable[Invocation]) -> Bill:
    """Returns the costs of these invocations."""
    price = price_list().prices
    total = Bill({})
    for each in invocations:
        by_http = each.function == API_HANDLER
        by_person = by_http and each.webhook is None
        seconds = duration(each) * BY_NAME[each.function].memory / 1024
        sent = (each.answered + HEADERS) * by_http + each.stripe_calls * STRIPE_BYTES
        total += Bill(
            {
                "API Gateway": price["api_gateway_request"].of(by_http),
                "Lambda, requests": price["lambda_request"].of(1 + by_person),
                "Lambda, time": price["lambda_arm64"].of(seconds + by_person * _AUTHORIZING),
                "DynamoDB, writes": price["dynamodb_write"].of(each.writes),
                "DynamoDB, reads": price["dynamodb_read"].of(each.reads),
                "EventBridge": price["eventbridge_event"].of(each.events),
                "SQS": price["sqs_fifo"].of(each.messages * SQS_REQUESTS),
                "Logs": price["logs_ingested"].of(logged(each) / GIGABYTE),
                "X-Ray": price["xray_trace"].of(1),
                "Transfer": price["transfer_out"].of(sent / GIGABYTE),
            }
        )
    return total


_AUTHORIZING = 0.02 * BY_NAME[AUTHORIZER].memory / 1024
"""The GB-seconds of one verification of a token."""

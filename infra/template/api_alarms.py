"""The alarms on 5xx responses of the API: how fast they use up the month's error budget."""

from __future__ import annotations

from chalicelib import metrics
from infra.template.alarms import Alarm, Composite, Grade
from infra.template.measures import API_GATEWAY, STACK, aws_metric, pom_metric

OBJECTIVE = 0.999
"""The share of requests that must get a response other than 5xx, over 30 days."""
FAST_BURN = 14.4
SLOW_BURN = 6.0
"""How many times faster than the objective allows. At the fast rate the budget of 30 days lasts two days, at the slow
rate five days.
"""
FAST_BURN_NOW = "FastBurnNow"
FEWEST_ERRORS = 5
"""With fewer errors, their ratio to all requests means nothing."""

_ERRORS = "(FILL(errors, 0) - FILL(stripe, 0))"
"""API Gateway counts every 5xx, including crashes and timeouts. Errors that one company's Stripe account caused, such
as by its own rate limit, are subtracted.
"""


def _burn(name: str, period: int, rate: float) -> Alarm:
    return Alarm(
        name,
        f"More than {rate * (1 - OBJECTIVE):.2%} of requests got a 5xx response in {period // 60} minutes.",
        Grade.SIGNAL,
        "api-errors.md",
        {
            "errors": aws_metric(API_GATEWAY, "5XXError", STACK, "Sum", "5xx"),
            "stripe": pom_metric(
                metrics.REQUEST_LATENCY, "SampleCount", "5xx by a Stripe account", outcome=metrics.STRIPE
            ),
            "requests": aws_metric(API_GATEWAY, "Count", STACK, "SampleCount", "requests"),
        },
        threshold=round(rate * (1 - OBJECTIVE), 6),
        period=period,
        expression=f"IF({_ERRORS} >= {FEWEST_ERRORS}, {_ERRORS} / requests, 0)",
    )


BURNS = (
    _burn("FastBurnHour", 3600, FAST_BURN),
    _burn(FAST_BURN_NOW, 300, FAST_BURN),
    _burn("SlowBurnHours", 21600, SLOW_BURN),
    _burn("SlowBurnNow", 1800, SLOW_BURN),
)

ERRORS = (
    Composite(
        "ErrorsFast",
        f"5xx responses use up the month's error budget {FAST_BURN} times too fast, and have not stopped.",
        Grade.PAGE,
        "api-errors.md",
        ("FastBurnHour", FAST_BURN_NOW),
        suppressor="StripeDown",
    ),
    Composite(
        "ErrorsSlow",
        f"5xx responses use up the month's error budget {SLOW_BURN:g} times too fast, and have not stopped.",
        Grade.PAGE,
        "api-errors.md",
        ("SlowBurnHours", "SlowBurnNow"),
        suppressor="StripeDown",
    ),
)

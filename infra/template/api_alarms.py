"""The alarms on the API's answers: how fast 5xx use up the month's budget."""

from __future__ import annotations

from chalicelib import metrics
from infra.template.alarms import Alarm, Composite, Grade
from infra.template.measures import API_GATEWAY, STACK, aws_metric, pom_metric

OBJECTIVE = 0.999
"""Of requests are answered without a 5xx, over 30 days."""
FAST_BURN = 14.4
SLOW_BURN = 6.0
"""How many times as fast as the objective allows: the budget of 30 days is gone in two days, or in five."""
FAST_BURN_NOW = "FastBurnNow"
FEWEST_ERRORS = 5
"""Below so many errors a ratio says nothing."""

_ERRORS = "(FILL(errors, 0) - FILL(stripe, 0))"
"""API Gateway counts every 5xx, those of crashes and timeouts included. One company's Stripe account can be the cause
of some, such as by its own limit, so these are taken off."""


def _burn(name: str, period: int, rate: float) -> Alarm:
    return Alarm(
        name,
        f"In {period // 60} minutes more than {rate * (1 - OBJECTIVE):.2%} of requests were answered with a 5xx.",
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
        f"Errors use up the month's budget {FAST_BURN} times too fast, and still do.",
        Grade.PAGE,
        "api-errors.md",
        ("FastBurnHour", FAST_BURN_NOW),
        suppressor="StripeDown",
    ),
    Composite(
        "ErrorsSlow",
        f"Errors use up the month's budget {SLOW_BURN:g} times too fast, and still do.",
        Grade.PAGE,
        "api-errors.md",
        ("SlowBurnHours", "SlowBurnNow"),
        suppressor="StripeDown",
    ),
)

"""The alarms on the webhooks' route.

Anybody can post to this route. So an alarm that outsiders alone can cause is a ticket: invalid signatures, and a rate
that is used up. A page needs a sign that only POM and Stripe can give: POM's own signed event fails, or passes while
a sweep has to fetch events that webhooks should have brought.
"""

from __future__ import annotations

from chalicelib import metrics
from chalicelib.domain.canary import SENT_EVERY, Verdict
from infra.template.alarms import Alarm, Grade, Missing
from infra.template.measures import pom_metric

RECEIVED = pom_metric(metrics.EVENT_LAG, "SampleCount", "received")
"""Stripe's events, without POM's canary, because the canary is signed with POM's secret even if Stripe has
another.
"""
INVALID = pom_metric(metrics.SIGNATURE_INVALID, "Sum")
UNHEARD = pom_metric(metrics.EVENTS_UNHEARD, "Sum", "fetched by a sweep")
THROTTLED = pom_metric(metrics.CANARY_ROUND_TRIP, "SampleCount", verdict=Verdict.THROTTLED)

SWEPT_WITHIN = 720
"""Seconds: ten minutes until the next sweep of an account with activity, and two minutes for the sweep itself."""

WEBHOOK_ALARMS = (
    Alarm(
        "CanaryFailing",
        "POM's signed test event did not arrive twice in a row, or was not sent.",
        Grade.PAGE,
        "canary.md",
        {
            "sent": pom_metric(metrics.CANARY_PASSED, "SampleCount", "sent"),
            "passed": pom_metric(metrics.CANARY_PASSED, "Sum"),
            "throttled": THROTTLED,
        },
        threshold=0,
        period=SENT_EVERY,
        periods=2,
        expression=("IF(FILL(sent, 0) < 1 OR FILL(sent, 0) - FILL(passed, 0) - FILL(throttled, 0) > 0, 1, 0)"),
        missing=Missing.BAD,
    ),
    Alarm(
        "CanaryThrottled",
        "POM's signed test events have been throttled for 10 minutes: some caller uses up the webhooks' rate.",
        Grade.TICKET,
        "canary.md",
        {"throttled": THROTTLED},
        threshold=0,
        period=SENT_EVERY,
        periods=2,
        expression="FILL(throttled, 0)",
    ),
    Alarm(
        "WebhookEndpoint",
        "Stripe's webhook endpoint for POM has been missing or misconfigured for 15 minutes.",
        Grade.TICKET,
        "webhook-endpoint.md",
        {"problems": pom_metric(metrics.WEBHOOK_ENDPOINT_PROBLEMS, "Minimum")},
        threshold=0,
        period=300,
        periods=3,
    ),
    Alarm(
        "SignatureFailures",
        "More than 5 webhooks in 5 minutes, and more than 1 % of them, had an invalid signature.",
        Grade.TICKET,
        "secret-rotation.md",
        {"invalid": INVALID, "received": RECEIVED},
        threshold=0.01,
        period=300,
        expression="IF(FILL(invalid, 0) > 5, invalid / (invalid + FILL(received, 0)), 0)",
    ),
    Alarm(
        "SignaturesAllRefused",
        "For 12 minutes POM refused every webhook except its own signed test events, and had to fetch the events:"
        " POM's signing secret is probably not Stripe's.",
        Grade.PAGE,
        "secret-rotation.md",
        {
            "invalid": INVALID,
            "received": RECEIVED,
            "unheard": UNHEARD,
            "passed": pom_metric(metrics.CANARY_PASSED, "Minimum"),
        },
        threshold=0,
        period=SWEPT_WITHIN,
        expression=(
            "IF(FILL(invalid, 0) > 2 AND FILL(received, 0) < 1"
            " AND FILL(unheard, 0) > 0 AND FILL(passed, 0) > 0, 1, 0)"
        ),
    ),
    Alarm(
        "SecretRefused",
        "For 15 minutes POM has refused events signed with one of its webhook secrets and accepted another secret.",
        Grade.TICKET,
        "secret-rotation.md",
        {
            "newest": pom_metric(metrics.CANARY_ROUND_TRIP, "SampleCount", verdict=Verdict.PASSED_BY_OLDER_SECRET),
            "older": pom_metric(metrics.CANARY_ROUND_TRIP, "SampleCount", verdict=Verdict.OLDER_SECRET_REFUSED),
        },
        threshold=0,
        period=300,
        periods=3,
        expression="FILL(newest, 0) + FILL(older, 0)",
    ),
)

"""The alarms on the address to which Stripe's events come.

Anybody can post to it, so what strangers alone can cause is a ticket: refused signatures, and a rate that is used up.
A page also takes what only we and Stripe can cause: our own signed event fails, or passes while a sweep has to fetch
events that Stripe should have brought.
"""

from __future__ import annotations

from chalicelib import metrics
from chalicelib.domain.canary import SENT_EVERY, Verdict
from infra.template.alarms import Alarm, Grade, Missing
from infra.template.measures import ours

RECEIVED = ours(metrics.EVENT_LAG, "SampleCount", "received")
"""Stripe's events. Our own canary is none: it is signed with our secret, whether or not that is Stripe's."""
INVALID = ours(metrics.SIGNATURE_INVALID, "Sum")
UNHEARD = ours(metrics.EVENTS_UNHEARD, "Sum", "fetched by a sweep")
THROTTLED = ours(metrics.CANARY_ROUND_TRIP, "SampleCount", verdict=Verdict.THROTTLED)

SWEPT_WITHIN = 720
"""Seconds: the ten minutes after which an account where something happens is swept again, and two for the sweep."""

WEBHOOK_ALARMS = (
    Alarm(
        "CanaryFailing",
        "Twice in a row a signed event of ours did not come through, or nobody sent one.",
        Grade.PAGE,
        "canary.md",
        {
            "sent": ours(metrics.CANARY_PASSED, "SampleCount", "sent"),
            "passed": ours(metrics.CANARY_PASSED, "Sum"),
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
        "For 10 minutes signed events of ours have been throttled: somebody uses up the rate of the webhooks' route.",
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
        "For 15 minutes Stripe's webhook endpoint for POM has not been as it has to be.",
        Grade.TICKET,
        "webhook-endpoint.md",
        {"problems": ours(metrics.WEBHOOK_ENDPOINT_PROBLEMS, "Minimum")},
        threshold=0,
        period=300,
        periods=3,
    ),
    Alarm(
        "SignatureFailures",
        "More than 5 webhooks in 5 minutes, and more than 1 % of them, were not signed by Stripe.",
        Grade.TICKET,
        "secret-rotation.md",
        {"invalid": INVALID, "received": RECEIVED},
        threshold=0.01,
        period=300,
        expression="IF(FILL(invalid, 0) > 5, invalid / (invalid + FILL(received, 0)), 0)",
    ),
    Alarm(
        "SignaturesAllRefused",
        "For 12 minutes every webhook was refused but our own signed events, and Stripe's events had to be fetched:"
        " our signing secret is probably not Stripe's.",
        Grade.PAGE,
        "secret-rotation.md",
        {
            "invalid": INVALID,
            "received": RECEIVED,
            "unheard": UNHEARD,
            "passed": ours(metrics.CANARY_PASSED, "Minimum"),
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
        "For 15 minutes events signed with one of the webhook secrets have been refused, and with another one taken.",
        Grade.TICKET,
        "secret-rotation.md",
        {
            "newest": ours(metrics.CANARY_ROUND_TRIP, "SampleCount", verdict=Verdict.PASSED_BY_OLDER_SECRET),
            "older": ours(metrics.CANARY_ROUND_TRIP, "SampleCount", verdict=Verdict.OLDER_SECRET_REFUSED),
        },
        threshold=0,
        period=300,
        periods=3,
        expression="FILL(newest, 0) + FILL(older, 0)",
    ),
)

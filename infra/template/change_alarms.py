"""The alarms on published changes: late, stalled, silent, or impossible to publish."""

from __future__ import annotations

from chalicelib import metrics
from chalicelib.functions import UNPUBLISHED_CHANGES
from infra.template.alarms import Alarm, Grade
from infra.template.measures import LAMBDA, SQS, STACK, aws, ours

PUBLISHER = "publish-changes"
"""The function that publishes changes, by its name in AWS without the stack's prefix."""
FEWEST_EVENTS = 5
"""Up to this many applied events may all concern records without published changes, such as lines of payouts."""

CHANGE_AGE = aws(LAMBDA, "IteratorAge", f"{STACK}-{PUBLISHER}", "Maximum", "age in ms")
"""Milliseconds between the writing of a batch's last record and the invocation that is given the batch."""
UNPUBLISHED = aws(
    SQS, "ApproximateNumberOfMessagesVisible", f"{STACK}-{UNPUBLISHED_CHANGES}", "Maximum", UNPUBLISHED_CHANGES
)

CHANGE_ALARMS = (
    Alarm(
        "UnpublishedChanges",
        f"Changes could not be published: there are messages in the queue {UNPUBLISHED_CHANGES}.",
        Grade.TICKET,
        "unpublished-changes.md",
        {"waiting": UNPUBLISHED},
        threshold=0,
        period=60,
    ),
    Alarm(
        "ChangesLate",
        "Changes are published more than 5 minutes late.",
        Grade.TICKET,
        "late-changes.md",
        {"age": CHANGE_AGE},
        threshold=300_000,
        period=60,
        periods=3,
    ),
    Alarm(
        "ChangesStalled",
        "No change was published for an hour although changes wait. DynamoDB drops them after 24 hours.",
        Grade.PAGE,
        "late-changes.md",
        {"age": CHANGE_AGE, "published": ours(metrics.CHANGES_PUBLISHED, "Sum")},
        threshold=3_600_000,
        period=3600,
        expression="IF(FILL(published, 0) < 1, FILL(age, 0), 0)",
    ),
    Alarm(
        "ChangesSilent",
        "Events were applied in the last hour, but AWS did not invoke the function that publishes changes.",
        Grade.PAGE,
        "late-changes.md",
        {
            "applied": ours(metrics.EVENT_LAG, "SampleCount", outcome="applied"),
            "batches": aws(LAMBDA, "Invocations", f"{STACK}-{PUBLISHER}", "Sum", "batches"),
        },
        threshold=0,
        period=3600,
        expression=f"IF(FILL(applied, 0) > {FEWEST_EVENTS} AND FILL(batches, 0) < 1, 1, 0)",
    ),
)

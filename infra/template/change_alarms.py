"""The alarms on what POM is told of changes: told late, not told at all, or impossible to tell."""

from __future__ import annotations

from chalicelib import metrics
from chalicelib.functions import UNTOLD_CHANGES
from infra.template.alarms import Alarm, Grade
from infra.template.measures import LAMBDA, SQS, STACK, aws_metric, pom_metric

PUBLISHER = "publish-changes"
"""The function that tells changes, by its name in AWS without the stack's prefix."""
FEWEST_EVENTS = 5
"""So few applied events may all concern records whose changes are not told, such as the lines of payouts."""

CHANGE_AGE = aws_metric(LAMBDA, "IteratorAge", f"{STACK}-{PUBLISHER}", "Maximum", "age in ms")
"""Milliseconds between the writing of a batch's last record and the invocation that is given the batch."""
UNTOLD = aws_metric(SQS, "ApproximateNumberOfMessagesVisible", f"{STACK}-{UNTOLD_CHANGES}", "Maximum", UNTOLD_CHANGES)

CHANGE_ALARMS = (
    Alarm(
        "UntoldChanges",
        f"POM was not told of changes, because that was impossible: there are messages in {UNTOLD_CHANGES}.",
        Grade.TICKET,
        "untold-changes.md",
        {"waiting": UNTOLD},
        threshold=0,
        period=60,
    ),
    Alarm(
        "ChangesLate",
        "POM is told of changes more than 5 minutes late.",
        Grade.TICKET,
        "late-changes.md",
        {"age": CHANGE_AGE},
        threshold=300_000,
        period=60,
        periods=3,
    ),
    Alarm(
        "ChangesStalled",
        "For an hour POM has been told of no change, though changes wait; DynamoDB drops them after 24 hours.",
        Grade.PAGE,
        "late-changes.md",
        {"age": CHANGE_AGE, "told": pom_metric(metrics.CHANGES_TOLD, "Sum")},
        threshold=3_600_000,
        period=3600,
        expression="IF(FILL(told, 0) < 1, FILL(age, 0), 0)",
    ),
    Alarm(
        "ChangesSilent",
        "In an hour events were applied, and AWS did not once invoke the function that tells POM of changes.",
        Grade.PAGE,
        "late-changes.md",
        {
            "applied": pom_metric(metrics.EVENT_LAG, "SampleCount", outcome="applied"),
            "batches": aws_metric(LAMBDA, "Invocations", f"{STACK}-{PUBLISHER}", "Sum", "batches"),
        },
        threshold=0,
        period=3600,
        expression=f"IF(FILL(applied, 0) > {FEWEST_EVENTS} AND FILL(batches, 0) < 1, 1, 0)",
    ),
)

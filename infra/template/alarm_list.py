"""Every alarm: what it watches, from where on it rings, whom it tells, and what to read then."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib import metrics
from chalicelib.domain.canary import Verdict
from chalicelib.functions import SCHEDULE_FAILURES, Queue
from infra.template.alarms import Alarm, Composite, Grade, Missing, alarm_id
from infra.template.backup import BACKUP_ALARMS
from infra.template.change_alarms import CHANGE_ALARMS
from infra.template.intrinsics import Json, camel
from infra.template.measures import API_GATEWAY, SQS, STACK, Measure, aws, ours

OBJECTIVE = 0.999
"""Of requests are answered without a 5xx, over 30 days."""
FAST_BURN = 14.4
SLOW_BURN = 6.0
"""How many times as fast as the objective allows: the budget of 30 days is gone in two days, or in five."""
FEWEST_ERRORS = 5
"""Below so many errors a ratio says nothing."""

DEAD_LETTER_QUEUES = (*(queue.dead_letter for queue in Queue), SCHEDULE_FAILURES)


def _dead_letters() -> Iterator[Alarm]:
    for queue in DEAD_LETTER_QUEUES:
        yield Alarm(
            f"DeadLetter{camel(queue.removesuffix('.fifo').removesuffix('-dlq'))}",
            f"Work was given up: there are messages in {queue}.",
            Grade.PAGE,
            "dead-letters.md",
            {"waiting": aws(SQS, "ApproximateNumberOfMessagesVisible", f"{STACK}-{queue}", "Maximum", queue)},
            threshold=0,
            period=60,
        )


def oldest(queue: str) -> Measure:
    """For how long the message that waits longest has done so."""
    return aws(SQS, "ApproximateAgeOfOldestMessage", f"{STACK}-{queue}", "Maximum", queue)


def _backlogs() -> Iterator[Alarm]:
    for queue in Queue:
        name = camel(queue)
        yield Alarm(
            f"Backlog{name}",
            f"Work in {queue} waits for more than 5 minutes.",
            Grade.TICKET,
            "backlog.md",
            {"age": oldest(queue)},
            threshold=300,
            period=60,
            periods=3,
        )
        yield Alarm(
            f"Stalled{name}",
            f"Work in {queue} waits for more than an hour.",
            Grade.PAGE,
            "backlog.md",
            {"age": oldest(queue)},
            threshold=3600,
            period=60,
            periods=3,
        )


def _burn(name: str, period: int, rate: float) -> Alarm:
    return Alarm(
        name,
        f"In {period // 60} minutes more than {rate * (1 - OBJECTIVE):.2%} of requests were answered with a 5xx.",
        Grade.SIGNAL,
        "api-errors.md",
        {
            "errors": aws(API_GATEWAY, "5XXError", STACK, "Sum", "5xx"),
            "requests": aws(API_GATEWAY, "Count", STACK, "SampleCount", "requests"),
        },
        threshold=round(rate * (1 - OBJECTIVE), 6),
        period=period,
        expression=f"IF(FILL(errors, 0) >= {FEWEST_ERRORS}, FILL(errors, 0) / requests, 0)",
    )


def stripe_tries(outcome: str) -> Measure:
    """How many tries of calls of Stripe ended so."""
    return ours(metrics.STRIPE_LATENCY, "SampleCount", outcome=outcome)


_TRIES = {outcome: stripe_tries(outcome) for outcome in sorted(metrics.STRIPE_OUTCOMES)}
_ALL_TRIES = "(" + " + ".join(f"FILL({outcome}, 0)" for outcome in _TRIES) + ")"

RECEIVED = ours(metrics.EVENT_LAG, "SampleCount", "received")
"""Stripe's events. Our own canary is none: it is signed with our secret, whether or not that is Stripe's."""
INVALID = ours(metrics.SIGNATURE_INVALID, "Sum")
PLANNED = ours(metrics.RECONCILIATIONS_PLANNED, "Sum")


def worked(worker: str) -> Measure:
    """How often a worker did one unit of its work."""
    return ours(metrics.WORK_LATENCY, "SampleCount", worker, worker=worker, outcome=metrics.OK)


_MONEY = (
    Alarm(
        "BilledTwice",
        "More than one live invoice in Stripe stands for one of ours.",
        Grade.PAGE,
        "suspected-double-bill.md",
        {"twice": ours(metrics.INVOICES_BILLED_TWICE, "Maximum")},
        threshold=0,
        period=300,
    ),
    Alarm(
        "TieOutDrift",
        "Stripe's payments, refunds and disputes of a day are not ours.",
        Grade.TICKET,
        "tie-out-drift.md",
        {"differences": ours(metrics.TIE_OUT_DIFFERENCES, "Maximum")},
        threshold=0,
        period=300,
    ),
    Alarm(
        "TieOutSilent",
        "There are connected organizations, and for a day none was compared with Stripe.",
        Grade.TICKET,
        "tie-out-drift.md",
        {"planned": PLANNED, "compared": ours(metrics.TIE_OUTS, "Sum")},
        threshold=0,
        period=86400,
        expression="IF(FILL(planned, 0) > 0 AND FILL(compared, 0) < 1, 1, 0)",
    ),
    Alarm(
        "PayoutsNotTiedOut",
        "Payouts are not explained to the cent: POM lacks their lines, or the lines do not add up.",
        Grade.TICKET,
        "payouts-not-tied-out.md",
        {"payouts": ours(metrics.PAYOUTS_NOT_TIED_OUT, "Maximum")},
        threshold=0,
        period=300,
    ),
    Alarm(
        "StuckInvoices",
        "Invoices have been half-made for half an hour.",
        Grade.TICKET,
        "stuck-invoices.md",
        {"stuck": ours(metrics.WORK_TAKEN_UP, "Minimum", kind="invoice")},
        threshold=0,
        period=300,
        periods=6,
    ),
    Alarm(
        "Corrections",
        "More than 0.1 % of an hour's events had to be found by reconciliation.",
        Grade.TICKET,
        "corrections.md",
        {
            "swept": ours(metrics.EVENTS_SWEPT, "Sum"),
            "recovered": ours(metrics.EVENTS_RECOVERED, "Sum"),
            "corrected": ours(metrics.INVOICES_CORRECTED, "Sum"),
            "payouts": ours(metrics.PAYOUTS_MISSED, "Sum"),
        },
        threshold=0.001,
        period=3600,
        expression=(
            "IF(swept > 0, (FILL(recovered, 0) + FILL(corrected, 0) + FILL(payouts, 0)) / swept,"
            " FILL(corrected, 0) + FILL(payouts, 0))"
        ),
    ),
)

_EVENTS = (
    Alarm(
        "ParkedEvents",
        "Events could not be applied and are parked.",
        Grade.TICKET,
        "parked-events.md",
        {"parked": ours(metrics.EVENTS_PARKED, "Maximum")},
        threshold=0,
        period=600,
    ),
    Alarm(
        "ReconciliationSilent",
        "For 20 minutes nobody has planned reconciliation.",
        Grade.PAGE,
        "stuck-reconciliation.md",
        {"plans": worked("plan_reconciliation")},
        threshold=1,
        comparison="<",
        period=600,
        periods=2,
        expression="FILL(plans, 0)",
        missing=Missing.BAD,
    ),
    Alarm(
        "ReconciliationStuck",
        "Reconciliation was planned, and for 20 minutes none has succeeded.",
        Grade.PAGE,
        "stuck-reconciliation.md",
        {"planned": PLANNED, "done": worked("reconcile_account")},
        threshold=0,
        period=600,
        periods=2,
        expression="IF(FILL(planned, 0) > 0 AND FILL(done, 0) < 1, 1, 0)",
    ),
    Alarm(
        "CanaryFailing",
        "Twice in a row a signed event of ours did not come through, or nobody sent one.",
        Grade.PAGE,
        "canary.md",
        {"passed": ours(metrics.CANARY_PASSED, "Minimum")},
        threshold=1,
        comparison="<",
        period=300,
        periods=2,
        expression="FILL(passed, 0)",
        missing=Missing.BAD,
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
)

_STRIPE = (
    Alarm(
        "StripeDown",
        "More than half of our calls of Stripe fail.",
        Grade.TICKET,
        "stripe-outage.md",
        _TRIES,
        threshold=0.5,
        period=300,
        expression=f"IF({_ALL_TRIES} >= 5, (FILL(failed, 0) + FILL(unknown, 0)) / {_ALL_TRIES}, 0)",
    ),
    Alarm(
        "StripeThrottling",
        "Stripe has throttled more than 1 % of our calls for 10 minutes.",
        Grade.TICKET,
        "stripe-throttling.md",
        _TRIES,
        threshold=0.01,
        period=300,
        periods=2,
        expression=f"IF({_ALL_TRIES} > 0, FILL(throttled, 0) / {_ALL_TRIES}, 0)",
    ),
)

_SECURITY = (
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
        "For 2 minutes no webhook's signature was good: our signing secret is probably not Stripe's.",
        Grade.PAGE,
        "secret-rotation.md",
        {"invalid": INVALID, "received": RECEIVED},
        threshold=0,
        period=60,
        periods=2,
        expression="IF(FILL(invalid, 0) > 2 AND FILL(received, 0) < 1, 1, 0)",
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

_BURNS = (
    _burn("FastBurnHour", 3600, FAST_BURN),
    _burn("FastBurnNow", 300, FAST_BURN),
    _burn("SlowBurnHours", 21600, SLOW_BURN),
    _burn("SlowBurnNow", 1800, SLOW_BURN),
)

ALARMS: tuple[Alarm, ...] = (
    *_MONEY,
    *_EVENTS,
    *_dead_letters(),
    *_backlogs(),
    *CHANGE_ALARMS,
    *BACKUP_ALARMS,
    *_BURNS,
    *_STRIPE,
    *_SECURITY,
)

COMPOSITES = (
    Composite(
        "ErrorsFast",
        f"Errors use up the month's budget {FAST_BURN} times too fast, and still do.",
        Grade.PAGE,
        "api-errors.md",
        ("FastBurnHour", "FastBurnNow"),
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

BY_NAME = {alarm.name: alarm for alarm in ALARMS}


def alarms() -> Json:
    """All of them, by logical id."""
    simple = {alarm_id(alarm.name): alarm.resource() for alarm in ALARMS}
    return simple | {alarm_id(composite.name): composite.resource() for composite in COMPOSITES}

"""Every alarm: what it watches, from where on it rings, whom it tells, and what to read then."""

from __future__ import annotations

from chalicelib import metrics
from infra.template.alarms import Alarm, Grade, Missing, alarm_id, sum_of
from infra.template.api_alarms import BURNS, ERRORS
from infra.template.backup import BACKUP_ALARMS
from infra.template.capacity_alarms import CAPACITY_ALARMS
from infra.template.change_alarms import CHANGE_ALARMS
from infra.template.intrinsics import Json
from infra.template.measures import Measure, ours
from infra.template.queue_alarms import QUEUE_ALARMS
from infra.template.release_alarms import RELEASE_ALARMS
from infra.template.secret_alarms import SECRET_ALARMS
from infra.template.webhook_alarms import WEBHOOK_ALARMS


def stripe_tries(outcome: str) -> Measure:
    """How many tries of calls of Stripe ended so."""
    return ours(metrics.STRIPE_LATENCY, "SampleCount", outcome=outcome)


_TRIES = {outcome: stripe_tries(outcome) for outcome in sorted(metrics.STRIPE_OUTCOMES)}
_ALL_TRIES = f"({sum_of(_TRIES)})"

PLANNED = ours(metrics.RECONCILIATIONS_PLANNED, "Sum")


def worked(worker: str) -> Measure:
    """How often a worker did one unit of its work."""
    return ours(metrics.WORK_LATENCY, "SampleCount", worker, worker=worker, outcome=metrics.OK)


_MONEY = (
    Alarm(
        "BilledTwice",
        "More than one live invoice in Stripe stands for one of ours, and we may have made more than one of them.",
        Grade.PAGE,
        "suspected-double-bill.md",
        {"twice": ours(metrics.INVOICES_BILLED_TWICE, "Maximum")},
        threshold=0,
        period=300,
    ),
    Alarm(
        "InvoicesCopied",
        "A company has copied an invoice of ours in Stripe, ids included, and sent it. Its invoicing is paused.",
        Grade.TICKET,
        "suspected-double-bill.md",
        {"copied": ours(metrics.INVOICES_COPIED, "Maximum")},
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
        "Reconciliation was planned, and for 20 minutes none has succeeded, though Stripe throttles no call.",
        Grade.PAGE,
        "stuck-reconciliation.md",
        {
            "planned": PLANNED,
            "done": worked("reconcile_account"),
            "throttled": stripe_tries(metrics.THROTTLED),
        },
        threshold=0,
        period=600,
        periods=2,
        expression="IF(FILL(planned, 0) > 0 AND FILL(done, 0) < 1 AND FILL(throttled, 0) < 1, 1, 0)",
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

ALARMS: tuple[Alarm, ...] = (
    *_MONEY,
    *_EVENTS,
    *WEBHOOK_ALARMS,
    *QUEUE_ALARMS,
    *CHANGE_ALARMS,
    *RELEASE_ALARMS,
    *CAPACITY_ALARMS,
    *BACKUP_ALARMS,
    *BURNS,
    *_STRIPE,
    *SECRET_ALARMS,
)

COMPOSITES = ERRORS

BY_NAME = {alarm.name: alarm for alarm in ALARMS}


def alarms() -> Json:
    """All of them, by logical id."""
    simple = {alarm_id(alarm.name): alarm.resource() for alarm in ALARMS}
    return simple | {alarm_id(composite.name): composite.resource() for composite in COMPOSITES}

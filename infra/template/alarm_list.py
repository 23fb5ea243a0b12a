"""Every alarm: its metrics, its threshold, whom it notifies, and the run book to read when it fires."""

from __future__ import annotations

from chalicelib import metrics
from infra.template.alarms import Alarm, Grade, Missing, alarm_id, sum_of
from infra.template.api_alarms import BURNS, ERRORS
from infra.template.backup import BACKUP_ALARMS
from infra.template.capacity_alarms import CAPACITY_ALARMS
from infra.template.change_alarms import CHANGE_ALARMS
from infra.template.intrinsics import Json
from infra.template.measures import Measure, pom_metric
from infra.template.queue_alarms import QUEUE_ALARMS
from infra.template.release_alarms import RELEASE_ALARMS
from infra.template.secret_alarms import SECRET_ALARMS
from infra.template.webhook_alarms import WEBHOOK_ALARMS


def stripe_attempts(outcome: str) -> Measure:
    """Returns the number of attempts to call Stripe that ended with this outcome."""
    return pom_metric(metrics.STRIPE_LATENCY, "SampleCount", outcome=outcome)


_ATTEMPTS = {outcome: stripe_attempts(outcome) for outcome in sorted(metrics.STRIPE_OUTCOMES)}
_ALL_ATTEMPTS = f"({sum_of(_ATTEMPTS)})"

PLANNED = pom_metric(metrics.RECONCILIATIONS_PLANNED, "Sum")


def finished_work(worker: str) -> Measure:
    """Returns the number of times that a worker finished one unit of its work."""
    return pom_metric(metrics.WORK_LATENCY, "SampleCount", worker, worker=worker, outcome=metrics.OK)


_MONEY = (
    Alarm(
        "BilledTwice",
        "Stripe has several live invoices for one POM invoice, and POM may have created more than one of them.",
        Grade.PAGE,
        "suspected-double-bill.md",
        {"twice": pom_metric(metrics.INVOICES_BILLED_TWICE, "Maximum")},
        threshold=0,
        period=300,
    ),
    Alarm(
        "InvoicesCopied",
        "A company copied one of POM's invoices in Stripe, with POM's ids, and sent it. Its invoicing is paused.",
        Grade.TICKET,
        "suspected-double-bill.md",
        {"copied": pom_metric(metrics.INVOICES_COPIED, "Maximum")},
        threshold=0,
        period=300,
    ),
    Alarm(
        "TieOutDrift",
        "The payments, refunds or disputes of a day differ between Stripe and POM.",
        Grade.TICKET,
        "tie-out-drift.md",
        {"differences": pom_metric(metrics.TIE_OUT_DIFFERENCES, "Maximum")},
        threshold=0,
        period=300,
    ),
    Alarm(
        "TieOutSilent",
        "Organizations are connected, but none was compared with Stripe for a day.",
        Grade.TICKET,
        "tie-out-drift.md",
        {"planned": PLANNED, "compared": pom_metric(metrics.TIE_OUTS, "Sum")},
        threshold=0,
        period=86400,
        expression="IF(FILL(planned, 0) > 0 AND FILL(compared, 0) < 1, 1, 0)",
    ),
    Alarm(
        "PayoutsNotTiedOut",
        "Payouts are not explained to the cent: POM lacks their lines, or the lines do not add up.",
        Grade.TICKET,
        "payouts-not-tied-out.md",
        {"payouts": pom_metric(metrics.PAYOUTS_NOT_TIED_OUT, "Maximum")},
        threshold=0,
        period=300,
    ),
    Alarm(
        "StuckInvoices",
        "Invoices have been unfinished for half an hour.",
        Grade.TICKET,
        "stuck-invoices.md",
        {"stuck": pom_metric(metrics.WORK_TAKEN_UP, "Minimum", kind="invoice")},
        threshold=0,
        period=300,
        periods=6,
    ),
    Alarm(
        "Corrections",
        "Webhooks missed more than 0.1 % of an hour's events; reconciliation found them.",
        Grade.TICKET,
        "corrections.md",
        {
            "swept": pom_metric(metrics.EVENTS_SWEPT, "Sum"),
            "recovered": pom_metric(metrics.EVENTS_RECOVERED, "Sum"),
            "corrected": pom_metric(metrics.INVOICES_CORRECTED, "Sum"),
            "payouts": pom_metric(metrics.PAYOUTS_MISSED, "Sum"),
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
        {"parked": pom_metric(metrics.EVENTS_PARKED, "Maximum")},
        threshold=0,
        period=600,
    ),
    Alarm(
        "ReconciliationSilent",
        "No reconciliation has been planned for 20 minutes.",
        Grade.PAGE,
        "stuck-reconciliation.md",
        {"plans": finished_work("plan_reconciliation")},
        threshold=1,
        comparison="<",
        period=600,
        periods=2,
        expression="FILL(plans, 0)",
        missing=Missing.BAD,
    ),
    Alarm(
        "ReconciliationStuck",
        "Reconciliation was planned, but none has succeeded for 20 minutes, although Stripe throttles no call.",
        Grade.PAGE,
        "stuck-reconciliation.md",
        {
            "planned": PLANNED,
            "done": finished_work("reconcile_account"),
            "throttled": stripe_attempts(metrics.THROTTLED),
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
        "More than half of the calls to Stripe fail.",
        Grade.TICKET,
        "stripe-outage.md",
        _ATTEMPTS,
        threshold=0.5,
        period=300,
        expression=f"IF({_ALL_ATTEMPTS} >= 5, (FILL(failed, 0) + FILL(unknown, 0)) / {_ALL_ATTEMPTS}, 0)",
    ),
    Alarm(
        "StripeThrottling",
        "Stripe has throttled more than 1 % of the calls for 10 minutes.",
        Grade.TICKET,
        "stripe-throttling.md",
        _ATTEMPTS,
        threshold=0.01,
        period=300,
        periods=2,
        expression=f"IF({_ALL_ATTEMPTS} > 0, FILL(throttled, 0) / {_ALL_ATTEMPTS}, 0)",
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
    """Returns all alarms, by logical id."""
    simple = {alarm_id(alarm.name): alarm.resource() for alarm in ALARMS}
    return simple | {alarm_id(composite.name): composite.resource() for composite in COMPOSITES}

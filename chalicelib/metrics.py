"""Lists every metric that POM emits, with its unit and the allowed values of its dimensions. There is no other list.

`observability` emits nothing else, and the dashboard and the alarms in `infra/template` are made from this list. So a
misspelt name, or a dimension that no code writes, does not get as far as a deployment. Every metric also has the
dimension `service`. Ids of organizations, customers and invoices are never dimensions, because their number is
unlimited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from chalicelib import functions
from chalicelib.domain.canary import Verdict
from chalicelib.domain.events import SUBSCRIPTION

NAMESPACE: Final = "PomStripe"
SERVICE: Final = "pom-stripe"

COUNT: Final = "Count"
SECONDS: Final = "Seconds"
MILLISECONDS: Final = "Milliseconds"

OTHER: Final = "other"
"""Replaces every value outside the allowed ones."""

OK: Final = "ok"
REFUSED: Final = "refused"
"""The caller made an error. Operators need not act."""
RETRY: Final = "retry"
"""A temporary failure: Stripe or the database did not respond, or another write came first."""
FAILED: Final = "failed"
"""A defect of POM. For a call of Stripe: a failure of Stripe."""
STRIPE: Final = "stripe"
"""The company's Stripe account failed a request. An outage of Stripe looks the same."""
THROTTLED: Final = "throttled"
UNKNOWN: Final = "unknown"
"""A write without a response from Stripe. POM does not know whether it was done until Stripe is asked again."""

OUTCOMES: Final = frozenset({OK, REFUSED, RETRY, FAILED})
REQUEST_OUTCOMES: Final = OUTCOMES | {STRIPE}
STRIPE_OUTCOMES: Final = frozenset({OK, REFUSED, THROTTLED, FAILED, UNKNOWN})

EVENT_FAMILIES: Final = frozenset(event_type.partition(".")[0] for event_type in SUBSCRIPTION) | {OTHER}
EVENT_OUTCOMES: Final = frozenset(
    {
        "applied",
        "no_change",
        "recovered",
        "erased",
        "duplicate",
        "foreign",
        "ignored",
        "wrong_mode",
        "parked",
        "unknown_object",
        "unreadable",
        OTHER,
    }
)

STRIPE_RESOURCES: Final = frozenset(
    {
        "accounts",
        "balance",
        "balance_transactions",
        "charges",
        "credit_notes",
        "customers",
        "disputes",
        "events",
        "invoice_payments",
        "invoices",
        "oauth",
        "payment_intents",
        "payouts",
        "refunds",
        "webhook_endpoints",
        OTHER,
    }
)
"""The resource of a call of Stripe: the first word of its path."""

TOKEN_REASONS: Final = frozenset(
    {
        "algorithm",
        "audience",
        "claim_malformed",
        "claim_missing",
        "expired",
        "header",
        "issuer",
        "key_unknown",
        "lifetime",
        "malformed",
        "no_identity",
        "not_yet_valid",
        "signature",
        OTHER,
    }
)

STRIPE_CODES: Final = frozenset(
    {"stripe_answer_unreadable", "stripe_busy", "stripe_failed", "stripe_key_reused", "stripe_unreachable"}
)
"""Errors that one Stripe account can cause. `stripe_key_rejected` is left out, because it concerns all
organizations.
"""

SECURITY_CODES: Final = frozenset(
    {
        "account_bound_elsewhere",
        "role_missing",
        "state_expired",
        "state_foreign",
        "state_missing",
        "state_unknown",
        "state_used",
    }
)
"""Refusals that an attacker who probes for access would get often."""

WORKERS: Final = frozenset(function.name for function in functions.WORKERS) | {"daily_tie_out"}
"""The workers, and the part of `reconcile_account` that is measured separately."""

WORK_KINDS: Final = frozenset({"invoice", "customer", "batch"})

SECRETS: Final = frozenset(secret.value for secret in functions.Secret)

VERDICTS: Final = frozenset(verdict.value for verdict in Verdict)


class Metric(NamedTuple):
    """One metric. `dimensions` are its own, and `rollups` are further sets of dimensions; all without `service`.

    If there are `detailed` outcomes, the metric is written by its own dimensions for these outcomes only. Its rollups
    have every outcome. CloudWatch bills each combination of values, so only the combinations that are read are
    written.
    """

    name: str
    unit: str
    question: int
    """The number of the dashboard's question, 1 to 6, that the metric helps to answer."""
    dimensions: tuple[str, ...] = ()
    rollups: tuple[tuple[str, ...], ...] = ()
    detailed: frozenset[str] = frozenset()


INVOICE_TAKEN_BACK: Final = Metric("InvoiceTakenBack", COUNT, 1)
WORK_TAKEN_UP: Final = Metric("WorkTakenUp", COUNT, 1, ("kind",))
"""The interrupted work that `resume_stuck` found. The latest value is the amount of work that is stuck now."""
EVENTS_SWEPT: Final = Metric("EventsSwept", COUNT, 1)
EVENTS_RECOVERED: Final = Metric("EventsRecovered", COUNT, 1)
"""Corrections after an event that no webhook brought."""
EVENTS_UNHEARD: Final = Metric("EventsUnheard", COUNT, 5)
"""The part of EVENTS_RECOVERED that happened while the account was connected, so a webhook should have brought it."""
INVOICES_CORRECTED: Final = Metric("InvoicesCorrected", COUNT, 1)
"""Corrections after a change that no event reported."""
TIE_OUT_DIFFERENCES: Final = Metric("TieOutDifferences", COUNT, 1)
"""Payments, refunds and disputes of one organization's day on which POM and Stripe differ."""
TIE_OUTS: Final = Metric("TieOuts", COUNT, 1)
"""Organizations whose day was compared."""
INVOICES_BILLED_TWICE: Final = Metric("InvoicesBilledTwice", COUNT, 1)
"""Live Stripe invoices for one POM invoice, of which POM may have created more than one. It must always be 0."""
INVOICES_COPIED: Final = Metric("InvoicesCopied", COUNT, 1)
"""Live Stripe invoices for one POM invoice, of which POM created at most one. Somebody copied it in Stripe."""
PAYOUTS_MISSED: Final = Metric("PayoutsMissed", COUNT, 1)
"""Payouts of one organization that a sweep found, because no event had reported them."""
FEES_FOUND: Final = Metric("FeesFound", COUNT, 1)
"""Fees of one organization's payments that a sweep read, because no event had reported that Stripe booked them."""
PAYOUT_LINES: Final = Metric("PayoutLines", COUNT, 1)
"""Lines of a payout that were stored or compared. The metric's sample count is the number of payouts."""
PAYOUT_LINES_REPAIRED: Final = Metric("PayoutLinesRepaired", COUNT, 1)
"""Lines of a payout that differed from Stripe's list and were repaired."""
PAYOUTS_NOT_TIED_OUT: Final = Metric("PayoutsNotTiedOut", COUNT, 1)
"""Payouts of one organization whose lines are missing although Stripe lists them, or do not add up."""

EVENT_LAG: Final = Metric(
    "EventLag", SECONDS, 2, ("family", "outcome"), (("outcome",), ()), detailed=frozenset({"applied"})
)
"""The delay between an event and its receipt. The sample count is the number of events, without POM's own
canaries.
"""
EVENTS_PARKED: Final = Metric("EventsParked", COUNT, 2)
"""Events of one organization that arrived within a day and were still parked at the end of its reconciliation."""
EVENTS_GIVEN_UP: Final = Metric("EventsGivenUp", COUNT, 2)
"""Parked events of one organization that its reconciliation set aside, because they could not be applied in time."""
RECONCILIATIONS_PLANNED: Final = Metric("ReconciliationsPlanned", COUNT, 2)
CANARY_PASSED: Final = Metric("CanaryPassed", COUNT, 2)
"""1 if a canary arrived in the table, and 0 if not."""
CANARY_ROUND_TRIP: Final = Metric("CanaryRoundTrip", MILLISECONDS, 2, ("verdict",))
"""The time until the canary's result was known. The sample count is the number of canaries."""
CHANGES_PUBLISHED: Final = Metric("ChangesPublished", COUNT, 2)
"""Changes of a batch that were published on the bus and in the feed. A change that is published again counts
again.
"""
WEBHOOK_ENDPOINT_PROBLEMS: Final = Metric("WebhookEndpointProblems", COUNT, 2)
"""1 if Stripe's webhook endpoint for POM has a problem, and 0 if not. Not written if Stripe does not respond."""

REQUEST_LATENCY: Final = Metric(
    "RequestLatency", MILLISECONDS, 3, ("route", "outcome"), (("outcome",),), detailed=frozenset({OK, FAILED})
)
"""The sample count is the number of requests."""
WORK_LATENCY: Final = Metric("WorkLatency", MILLISECONDS, 3, ("worker", "outcome"), detailed=frozenset({OK, FAILED}))
"""Repeated work is in the logs, and in the age of its queue's oldest message."""

STRIPE_LATENCY: Final = Metric(
    "StripeLatency", MILLISECONDS, 4, ("resource", "outcome"), (("outcome",),), detailed=frozenset({OK, UNKNOWN})
)
"""The duration of one attempt of a call. The sample count is the number of attempts."""

SIGNATURE_INVALID: Final = Metric("SignatureInvalid", COUNT, 5)
SECRET_AGE: Final = Metric("SecretAge", COUNT, 5, ("secret",))
"""The age of a secret in days. CloudWatch has no unit for days."""
SECRET_AGES_UNKNOWN: Final = Metric("SecretAgesUnknown", COUNT, 5)
"""Secrets whose age Secrets Manager did not return at a tick."""
TOKEN_REFUSED: Final = Metric("TokenRefused", COUNT, 5, ("reason",))
SECURITY_REFUSED: Final = Metric("SecurityRefused", COUNT, 5, ("code",))

COLD_START: Final = Metric("ColdStart", COUNT, 6, ("function",))

METRICS: Final[Mapping[str, Metric]] = {
    metric.name: metric
    for metric in (
        INVOICE_TAKEN_BACK,
        WORK_TAKEN_UP,
        EVENTS_SWEPT,
        EVENTS_RECOVERED,
        EVENTS_UNHEARD,
        INVOICES_CORRECTED,
        TIE_OUT_DIFFERENCES,
        TIE_OUTS,
        INVOICES_BILLED_TWICE,
        INVOICES_COPIED,
        PAYOUTS_MISSED,
        FEES_FOUND,
        PAYOUT_LINES,
        PAYOUT_LINES_REPAIRED,
        PAYOUTS_NOT_TIED_OUT,
        EVENT_LAG,
        EVENTS_PARKED,
        EVENTS_GIVEN_UP,
        RECONCILIATIONS_PLANNED,
        CANARY_PASSED,
        CANARY_ROUND_TRIP,
        CHANGES_PUBLISHED,
        WEBHOOK_ENDPOINT_PROBLEMS,
        REQUEST_LATENCY,
        WORK_LATENCY,
        STRIPE_LATENCY,
        SIGNATURE_INVALID,
        SECRET_AGE,
        SECRET_AGES_UNKNOWN,
        TOKEN_REFUSED,
        SECURITY_REFUSED,
        COLD_START,
    )
}

VALUES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    (WORK_TAKEN_UP.name, "kind"): WORK_KINDS,
    (EVENT_LAG.name, "family"): EVENT_FAMILIES,
    (EVENT_LAG.name, "outcome"): EVENT_OUTCOMES,
    (CANARY_ROUND_TRIP.name, "verdict"): VERDICTS,
    (REQUEST_LATENCY.name, "outcome"): REQUEST_OUTCOMES,
    (WORK_LATENCY.name, "worker"): WORKERS,
    (WORK_LATENCY.name, "outcome"): OUTCOMES,
    (STRIPE_LATENCY.name, "resource"): STRIPE_RESOURCES,
    (STRIPE_LATENCY.name, "outcome"): STRIPE_OUTCOMES,
    (SECRET_AGE.name, "secret"): SECRETS,
    (TOKEN_REFUSED.name, "reason"): TOKEN_REASONS,
    (SECURITY_REFUSED.name, "code"): SECURITY_CODES,
    (COLD_START.name, "function"): WORKERS | functions.BY_NAME.keys(),
}
"""The allowed values of each dimension of each metric. Routes are those of the API's table."""


def values_of(metric: Metric, dimensions: tuple[str, ...]) -> Mapping[str, frozenset[str] | None]:
    """Returns the values of these dimensions with which a metric is written. None stands for the API's routes."""
    values = {name: VALUES.get((metric.name, name)) for name in dimensions}
    if metric.detailed and dimensions == metric.dimensions:
        values["outcome"] = metric.detailed
    return values


def written_by(metric: Metric, dimension_values: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Returns the sets of dimensions by which a metric with these values is written."""
    in_full = not metric.detailed or dimension_values["outcome"] in metric.detailed
    return [*([metric.dimensions] if in_full else []), *metric.rollups]

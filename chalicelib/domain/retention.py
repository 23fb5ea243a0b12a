"""How long all stored data is kept, from when, and why. These times are decided only here.

The expiry times of items, and the template's times for queues, log groups and backups, are derived from these
entries. `RETENTION` lists them by the place where the data is stored. Stored data without an entry fails the tests.

DynamoDB deletes an expired item typically within two days
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html), and returns it until then. A deleted item
stays in the table's stream for a day and in its backups for 35 days.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.retention_types import DAY, HOUR, Expires, NoExpiry, Place, Retention, Store
from chalicelib.functions import SCHEDULE_FAILURES, STREAM_TRIGGERS, UNPUBLISHED_CHANGES, Queue

SQS_LONGEST = 14 * DAY
"""The longest time for which SQS keeps a message, in seconds."""
_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"
_STREAMS = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html"
_PITR = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html"
_BOOKS = "https://www.irs.gov/businesses/small-businesses-self-employed/how-long-should-i-keep-records"

_WITH_THE_STAGE = "this installation of POM is taken down together with its tables"
_TAX = (
    "It is part of the company's books. How long books are kept is the company's duty, and depends on its country: "
    "three years in the United States, six or seven in some cases, without end in others. An erasure of the customer "
    "or of the organization removes people, and leaves amounts, dates and numbers."
)
BOOKS = NoExpiry(_WITH_THE_STAGE, _TAX, _BOOKS)
INVOICES = NoExpiry(f"{_WITH_THE_STAGE}, or, if it is a draft, until it is discarded", _TAX, _BOOKS)
CUSTOMERS = NoExpiry(
    "an admin or an operator erases the person",
    "The company bills the customer. After an erasure the record stays without the person, as a tombstone. The "
    "tombstone prevents a sweep, an import or an event of the Stripe customer from bringing the person back.",
)
SERVICES_BILLED = NoExpiry(
    f"{_WITH_THE_STAGE}, or until the invoice is voided or discarded",
    "It prevents a service from being billed twice, even years later.",
)
STRIPE_CUSTOMERS_HELD = NoExpiry(
    f"{_WITH_THE_STAGE}, or until the customer is linked to another Stripe customer",
    "It links a Stripe customer to one customer of POM only, so that no payer gets another payer's data.",
)
ACCOUNTS_BOUND = NoExpiry(
    _WITH_THE_STAGE,
    "It binds a Stripe account to one organization, so that no other organization can see the books of the account.",
)
ORGANIZATIONS = NoExpiry(
    "an operator erases the organization, after which a tombstone without texts stays",
    "It is needed to bill. After a disconnection it keeps the history readable.",
)
ACTS = NoExpiry(
    _WITH_THE_STAGE,
    "Who did what, and when, may be asked years later, together with the books. An act holds opaque ids, names of "
    "fields "
    "and codes, so it stays when a customer is erased.",
)
PLATFORM = NoExpiry(
    "the next one replaces it", "It is one item of the stage with the latest check, and belongs to no organization."
)
FREEZE = NoExpiry("an operator lifts the freeze", "It exists only while the platform is frozen.")
PAYMENT_REFERENCES = NoExpiry(
    _WITH_THE_STAGE,
    "A refund or a dispute may come years after its payment, and names only the payment. The item holds only "
    "ids, Stripe's and POM's.",
)
SUMS = NoExpiry(_WITH_THE_STAGE, "It has sums of the books by status, currency and day, without any personal data.")
FEED_HEAD = NoExpiry(
    _WITH_THE_STAGE, "It is one number for each organization, and keeps a position in the feed from being used twice."
)

UNKNOWN_INVOICES_KEPT = Expires(
    30 * DAY,
    "the comparison that found them",
    "The daily comparison replaces it. It grows old only for an account that is no longer connected, and nobody can "
    "act on the invoices of such an account.",
)
TRIALS = Expires(
    30 * DAY,
    "the beginning of the test",
    "A test shows the state of the connection at that time. After a month a user should repeat the test.",
)
ATTEMPTS_TO_CONNECT = Expires(
    DAY,
    "the end of the attempt's validity",
    "A browser that comes back late from Stripe gets the result of the attempt.",
)
UNUSED_GRANTS = Expires(
    30 * DAY,
    "the time until which the attempt was valid",
    "POM remembers an unused OAuth grant until it has revoked it, even after an outage.",
)

MARKERS = Expires(
    35 * DAY,
    "the event's arrival",
    "It keeps an event from being applied twice. Stripe lists an event for 30 days, so no sweep reads it later.",
    "https://docs.stripe.com/api/events",
)
PARKED_TRIED_FOR = 7 * DAY
"""Seconds for which a parked event is tried again: longer than an outage, and longer than a fix and its
deployment.
"""
SET_ASIDE = Expires(
    MARKERS.seconds,
    "the time at which the event was given up",
    "The event stays counted, and an operator can replay it: POM fetches it from Stripe. Its body is deleted at "
    "once.",
    "https://docs.stripe.com/api/events",
)
PARKED = Expires(
    PARKED_TRIED_FOR + SET_ASIDE.seconds,
    "the event's first arrival",
    "POM applies the body once the cause is fixed. A sweep gives the event up after seven days and deletes the body. "
    "An account that is no longer connected is not swept, so its events end after this time.",
)
CANARIES = Expires(HOUR, "the arrival", "The check of a test event follows within seconds.")

INVOICE_BATCHES = Expires(
    400 * DAY,
    "the request",
    "A company can compare a batch with the one of a year before, with a month to spare. Until then failed items can "
    "be retried, and the same key does not order them twice.",
)
INVOICE_BATCH_ITEMS = Expires(
    INVOICE_BATCHES.seconds + 14 * DAY,
    "the request",
    "The parts of a batch are deleted after it, because a batch is never shown without its parts.",
)
IMPORTS = Expires(
    30 * DAY,
    "the request",
    "Users correct failed rows and import them again within days. A row that was never imported, because the import "
    "was "
    "cancelled or not stored completely, holds a customer's name and address.",
)
IMPORT_ITEMS = Expires(
    IMPORTS.seconds + 14 * DAY,
    "the request",
    "The parts of an import are deleted after it, because an import is never shown without its parts.",
)
PACES = Expires(
    30 * DAY,
    "the last request of the lane",
    "The rate at which Stripe accepted requests a month ago says nothing about today.",
)

FEED = Expires(
    30 * DAY,
    "the change",
    "A consumer that was down for a month loses nothing. After a longer time it reads all invoices again.",
)
FEED_ROWS = Expires(
    FEED.seconds + 2 * DAY,
    "the change",
    "POM's other programs can read the changes of 30 days. The two further days keep a row from being deleted while "
    "a program still reads up to it.",
)

MESSAGES = Expires(
    4 * DAY,
    "the sending",
    "The time is longer than an outage over a weekend. A schedule resumes the work of a lost message.",
    _SQS,
)
DEAD_LETTERS = Expires(
    SQS_LONGEST,
    "the first sending",
    "An alarm notifies an operator, who fixes the cause and sends the messages back. They hold only ids.",
    _SQS,
)
UNPUBLISHED = Expires(
    SQS_LONGEST,
    "the failure",
    "An operator publishes the changes again once the cause is fixed. The messages hold ids, versions and statuses, "
    "and no "
    "other data of the objects.",
    _SQS,
)
STREAMS = Expires(
    DAY, "the write", "DynamoDB keeps each change, with the item before and after it, for 24 hours.", _STREAMS
)
BUS_EVENTS = Expires(
    DAY,
    "the change",
    "EventBridge tries for 24 hours to deliver an event. The bus has no archive.",
    "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html",
)

RECOVERY = Expires(
    35 * DAY,
    "the write",
    "Each table can be restored to any second. DynamoDB offers 1 to 35 days. The last backup of a deleted table is "
    "retained for 35 days too. No item can be removed from a backup, so erasures are repeated after a restore.",
    _PITR,
)
RECOVERY_POINTS = Expires(
    DAY, "the backup", "AWS Backup creates it only to copy it. In its own region a table is restored without it."
)
COPIES = Expires(
    14 * DAY,
    "the backup",
    "It is for the loss of a region or an account, which is noticed within days. A stage may set another time "
    "(BackupCopyDays).",
)

FUNCTION_LOGS = Expires(
    90 * DAY,
    "the line",
    "An incident is often noticed months after it began. Its analysis needs to show who did what, and from where. "
    "Lines have opaque ids and truncated addresses.",
)
ACCESS_LOGS = Expires(
    FUNCTION_LOGS.seconds,
    "the line",
    "They are read together with the functions' lines. They have no addresses.",
)
DEVELOPMENT_LOGS = Expires(14 * DAY, "the line", "A stage without users needs no record of who did what.")
METRICS = Expires(
    455 * DAY,
    "the measurement",
    "CloudWatch keeps metrics for 15 months. Their dimensions are closed lists without personal data.",
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html",
)
TRACES = Expires(
    30 * DAY,
    "the request",
    "X-Ray retains a trace for 30 days. The traces of functions have times and no addresses. The API is not traced, "
    "because its segments would have whole addresses and paths.",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-understanding-xray-traces.html",
)
WAF_SAMPLES = Expires(
    3 * HOUR,
    "the request",
    "Only a stage with AWS WAF has samples. A sample shows an operator why a request was refused, with its whole "
    "address and path. Headers that authenticate are hidden, and WAF writes no log.",
    "https://docs.aws.amazon.com/waf/latest/APIReference/API_GetSampledRequests.html",
)

_ROWS: Mapping[tuple[str, str], Retention] = {
    ("invoices", ""): INVOICES,
    ("customers", ""): CUSTOMERS,
    ("claims", "service"): SERVICES_BILLED,
    ("claims", "customer"): STRIPE_CUSTOMERS_HELD,
    ("claims", "binding"): ACCOUNTS_BOUND,
    ("payments", ""): BOOKS,
    ("payment-refs", ""): PAYMENT_REFERENCES,
    ("payouts", "payout"): BOOKS,
    ("payouts", "line"): BOOKS,
    ("summaries", ""): SUMS,
    ("connections", "connection"): ORGANIZATIONS,
    ("connections", "settings"): ORGANIZATIONS,
    ("connections", "unknown_invoices"): UNKNOWN_INVOICES_KEPT,
    ("connections", "trial"): TRIALS,
    ("connections", "act"): ACTS,
    ("connections", "webhook"): PLATFORM,
    ("connections", "canary"): PLATFORM,
    ("connections", "freeze"): FREEZE,
    ("oauth-states", ""): ATTEMPTS_TO_CONNECT,
    ("oauth-states", "unused"): UNUSED_GRANTS,
    ("events", ""): MARKERS,
    ("events", "parked"): PARKED,
    ("events", "set_aside"): SET_ASIDE,
    ("events", "canary"): CANARIES,
    ("batches", "batch"): INVOICE_BATCHES,
    ("batches", "item"): INVOICE_BATCH_ITEMS,
    ("batches", "part"): INVOICE_BATCH_ITEMS,
    ("batches", "batch of an import"): IMPORTS,
    ("batches", "item of an import"): IMPORT_ITEMS,
    ("batches", "part of an import"): IMPORT_ITEMS,
    ("batches", "lane"): PACES,
    ("changes", ""): FEED_ROWS,
    ("changes", "head"): FEED_HEAD,
}
"""The rows of tables. `adapters.tables.row_kinds` returns the kind of a row."""

RETENTION: Mapping[Place, Retention] = {
    **{Place(Store.TABLE, *row): kept for row, kept in _ROWS.items()},
    **{Place(Store.STREAM, table): STREAMS for each in STREAM_TRIGGERS.values() for table in each.tables},
    **{Place(Store.QUEUE, queue): MESSAGES for queue in Queue},
    **{Place(Store.QUEUE, queue.dead_letter): DEAD_LETTERS for queue in Queue},
    Place(Store.QUEUE, SCHEDULE_FAILURES): DEAD_LETTERS,
    Place(Store.QUEUE, UNPUBLISHED_CHANGES): UNPUBLISHED,
    Place(Store.BUS, "changes"): BUS_EVENTS,
    Place(Store.BACKUP, "point-in-time recovery"): RECOVERY,
    Place(Store.BACKUP, "recovery points"): RECOVERY_POINTS,
    Place(Store.BACKUP, "copies in another region"): COPIES,
    Place(Store.LOGS, "functions"): FUNCTION_LOGS,
    Place(Store.LOGS, "functions of a development stage"): DEVELOPMENT_LOGS,
    Place(Store.LOGS, "API access"): ACCESS_LOGS,
    Place(Store.METRICS, "CloudWatch"): METRICS,
    Place(Store.TRACES, "X-Ray"): TRACES,
    Place(Store.SAMPLES, "AWS WAF"): WAF_SAMPLES,
}
"""All stored data, by the place where it is stored."""


def of_row(table: str, kind: str) -> Retention:
    """Returns how long a row of a table is kept. Raises KeyError if the table has no such kind of row."""
    return RETENTION[Place(Store.TABLE, table, kind)]

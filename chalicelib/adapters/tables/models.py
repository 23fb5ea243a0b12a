"""The tables and their indexes. Which is for what, and why, is told in docs/decisions/0004-tables.md.

Indexes lag behind their table, so no decision to write rests on one. An attribute that is None is not stored,
which keeps the item out of the index keyed by it.
"""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.constants import PAY_PER_REQUEST_BILLING_MODE
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

CONNECT_TIMEOUT = 1
READ_TIMEOUT = 3
RETRIES = 2
"""Three attempts of at most four seconds: a request makes a few calls within API Gateway's 29 seconds."""


class TableMeta:
    """What all tables share; `configure` sets the names. Region and endpoint are botocore's to find."""

    table_name = ""
    billing_mode = PAY_PER_REQUEST_BILLING_MODE
    connect_timeout_seconds = CONNECT_TIMEOUT
    read_timeout_seconds = READ_TIMEOUT
    max_retry_attempts = RETRIES


class InvoicesByCreated(GlobalSecondaryIndex["InvoiceItem"]):
    """An organization's invoices by when they were made."""

    class Meta:
        index_name = "by_created"
        projection = AllProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class InvoicesByStatus(GlobalSecondaryIndex["InvoiceItem"]):
    """Those of one status."""

    class Meta:
        index_name = "by_status"
        projection = AllProjection()

    status_key = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class InvoicesByCustomer(GlobalSecondaryIndex["InvoiceItem"]):
    """Those of one customer."""

    class Meta:
        index_name = "by_customer"
        projection = AllProjection()

    customer_key = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class InvoicesByDueDate(GlobalSecondaryIndex["InvoiceItem"]):
    """Those that money is expected for, by when they are due."""

    class Meta:
        index_name = "by_due_date"
        projection = AllProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    due_key = UnicodeAttribute(range_key=True)


class DueWork(GlobalSecondaryIndex["InvoiceItem"]):
    """Invoices of all organizations that something is to be done about by itself, by when.

    Their saga is to be resumed, or they turn overdue.
    """

    class Meta:
        index_name = "due_work"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    resume_at = NumberAttribute(range_key=True)


class InvoiceItem(Model):
    """An invoice with its transaction history."""

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    invoice_id = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    status = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    created_key = UnicodeAttribute()
    status_key = UnicodeAttribute()
    customer_key = UnicodeAttribute()
    due_key = UnicodeAttribute(null=True)
    overdue_since = UnicodeAttribute(null=True)
    work = UnicodeAttribute(null=True)
    resume_at = NumberAttribute(null=True)

    by_created = InvoicesByCreated()
    by_status = InvoicesByStatus()
    by_customer = InvoicesByCustomer()
    by_due_date = InvoicesByDueDate()
    due_work = DueWork()


class ClaimItem(Model):
    """The holder of something that only one may hold: a service, a Stripe account, or a Stripe customer."""

    class Meta(TableMeta):
        pass

    owner = UnicodeAttribute(hash_key=True)
    claim = UnicodeAttribute(range_key=True)
    holder = UnicodeAttribute()


class PaymentReferenceItem(Model):
    """Which invoice a Stripe object belongs to."""

    class Meta(TableMeta):
        pass

    account_id = UnicodeAttribute(hash_key=True)
    stripe_id = UnicodeAttribute(range_key=True)
    organization_id = UnicodeAttribute()
    invoice_id = UnicodeAttribute()


class CustomersByStripeId(GlobalSecondaryIndex["CustomerItem"]):
    """Which customer a Stripe customer is."""

    class Meta:
        index_name = "by_stripe_id"
        projection = KeysOnlyProjection()

    stripe_key = UnicodeAttribute(hash_key=True)


class PendingCustomers(GlobalSecondaryIndex["CustomerItem"]):
    """Customers that POM has yet to give to Stripe or to search for, by the time of their last edit."""

    class Meta:
        index_name = "pending"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    updated_at = NumberAttribute(range_key=True)


class CustomersWithoutEmail(GlobalSecondaryIndex["CustomerItem"]):
    """An organization's customers that no invoice can be sent to."""

    class Meta:
        index_name = "without_email"
        projection = KeysOnlyProjection()

    emailless_of = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute(range_key=True)


class CustomerItem(Model):
    """POM's record of a customer."""

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    stripe_key = UnicodeAttribute(null=True)
    work = UnicodeAttribute(null=True)
    updated_at = NumberAttribute()
    emailless_of = UnicodeAttribute(null=True)

    by_stripe_id = CustomersByStripeId()
    pending = PendingCustomers()
    without_email = CustomersWithoutEmail()


class ActiveConnections(GlobalSecondaryIndex["ConnectionItem"]):
    """Organizations whose connection is usable, by when their account is next to be swept."""

    class Meta:
        index_name = "active"
        projection = KeysOnlyProjection()

    active = UnicodeAttribute(hash_key=True)
    sweep_at = NumberAttribute(range_key=True)


class ConnectionItem(Model):
    """What belongs to an organization itself: its connection, and its settings as a second item.

    Three items belong to none of them: the latest look at the platform's webhook endpoints, the latest flight of the
    canaries, and the platform's freeze.
    """

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    active = UnicodeAttribute(null=True)
    sweep_at = NumberAttribute(null=True)

    by_active = ActiveConnections()


class UnusedGrants(GlobalSecondaryIndex["OAuthStateItem"]):
    """Attempts that gave access to an account and are not completed, by when they run out."""

    class Meta:
        index_name = "unused_grants"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    runs_out_at = NumberAttribute(range_key=True)


class OAuthStateItem(Model):
    """One attempt to connect."""

    class Meta(TableMeta):
        pass

    state_hash = UnicodeAttribute(hash_key=True)
    version = NumberAttribute()
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    expires_at = TTLAttribute()
    work = UnicodeAttribute(null=True)
    runs_out_at = NumberAttribute(null=True)

    unused_grants = UnusedGrants()


class EventsByReceived(GlobalSecondaryIndex["EventItem"]):
    """An account's events by when they came."""

    class Meta:
        index_name = "by_received"
        projection = KeysOnlyProjection()

    account_id = UnicodeAttribute(hash_key=True)
    received_at = NumberAttribute(range_key=True)


class ParkedEvents(GlobalSecondaryIndex["EventItem"]):
    """An account's parked events by when they were last tried."""

    class Meta:
        index_name = "parked"
        projection = AllProjection()

    account_id = UnicodeAttribute(hash_key=True)
    parked_key = UnicodeAttribute(range_key=True)


class EventItem(Model):
    """What became of a Stripe event. A parked one keeps its body.

    `delivered_at` is when a webhook brought one that the sweep had fetched before.
    """

    class Meta(TableMeta):
        pass

    account_id = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute()
    created = NumberAttribute()
    received_at = NumberAttribute()
    outcome = UnicodeAttribute()
    source = UnicodeAttribute(null=True)
    delivered_at = NumberAttribute(null=True)
    invoice_id = UnicodeAttribute(null=True)
    error = UnicodeAttribute(null=True)
    parked_key = UnicodeAttribute(null=True)
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    expires_at = TTLAttribute(null=True)

    by_received = EventsByReceived()
    parked = ParkedEvents()


class BatchesByCreated(GlobalSecondaryIndex["BatchItem"]):
    """An organization's batches of one kind by when they were asked for."""

    class Meta:
        index_name = "by_created"
        projection = AllProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class DueBatchWork(GlobalSecondaryIndex["BatchItem"]):
    """Parts of batches of all organizations, by when somebody must look whether they still go on."""

    class Meta:
        index_name = "due_work"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    resume_at = NumberAttribute(range_key=True)


class BatchItem(Model):
    """A batch's header, an item of it, a lane's part of it, or an organization's lane; `batches` names the places."""

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)
    version = NumberAttribute()
    document = UnicodeAttribute(null=True)
    packed = BinaryAttribute(null=True, legacy_encoding=False)
    round = NumberAttribute(null=True)
    created = NumberAttribute(null=True)
    sent = NumberAttribute(null=True)
    updated = NumberAttribute(null=True)
    unchanged = NumberAttribute(null=True)
    failed = NumberAttribute(null=True)
    created_key = UnicodeAttribute(null=True)
    work = UnicodeAttribute(null=True)
    resume_at = NumberAttribute(null=True)
    expires_at = TTLAttribute(null=True)

    by_created = BatchesByCreated()
    due_work = DueBatchWork()


class SummaryItem(Model):
    """Tallies of an organization's invoices. The attributes beside the keys are numbers; `summaries` names them."""

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)

"""The tables of invoices, and of the references from Stripe objects to invoices.

The indexes of invoices hold keys only, so an index is written only when the key itself changes. Lists read the items.
"""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import Aggregate, StreamedTableMeta, TableMeta


class InvoicesByCreated(GlobalSecondaryIndex["InvoiceItem"]):
    """An organization's invoices by time of creation."""

    class Meta:
        index_name = "by_created"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class InvoicesByStatus(GlobalSecondaryIndex["InvoiceItem"]):
    """The invoices of one status by time of creation."""

    class Meta:
        index_name = "by_status"
        projection = KeysOnlyProjection()

    status_key = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class InvoicesByCustomer(GlobalSecondaryIndex["InvoiceItem"]):
    """The invoices of one customer by time of creation."""

    class Meta:
        index_name = "by_customer"
        projection = KeysOnlyProjection()

    customer_key = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class InvoicesByGroup(GlobalSecondaryIndex["InvoiceItem"]):
    """The invoices of one group of statuses by time of creation. The range key begins with the group.

    A group in the partition key would store the organization's id once more in each item.
    """

    class Meta:
        index_name = "by_group"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    group_key = UnicodeAttribute(range_key=True)


class DisputedInvoices(GlobalSecondaryIndex["InvoiceItem"]):
    """The invoices with a payment that is disputed now, by time of creation."""

    class Meta:
        index_name = "disputed"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    disputed_key = UnicodeAttribute(range_key=True)


class OverdueInvoices(GlobalSecondaryIndex["InvoiceItem"]):
    """The invoices that are stored as overdue, by due date."""

    class Meta:
        index_name = "overdue"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    overdue_key = UnicodeAttribute(range_key=True)


class InvoicesByDueDate(GlobalSecondaryIndex["InvoiceItem"]):
    """The open invoices, by due date."""

    class Meta:
        index_name = "by_due_date"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    due_key = UnicodeAttribute(range_key=True)


class InvoicesByUpdated(GlobalSecondaryIndex["InvoiceItem"]):
    """An organization's invoices by the quarter of an hour of their latest change.

    The events of one payment arrive within seconds. A key with the exact second would change with each of them.
    """

    class Meta:
        index_name = "by_updated"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    updated_key = UnicodeAttribute(range_key=True)


class InvoicesByNumber(GlobalSecondaryIndex["InvoiceItem"]):
    """An organization's invoices by the number that Stripe gave them."""

    class Meta:
        index_name = "by_number"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    number_key = UnicodeAttribute(range_key=True)


class InvoicesNeedingAttention(GlobalSecondaryIndex["InvoiceItem"]):
    """The invoices that need a person, by the most urgent reason and by the time at which that reason began."""

    class Meta:
        index_name = "attention"
        projection = KeysOnlyProjection()

    attention_kind_key = UnicodeAttribute(hash_key=True)
    attention_key = UnicodeAttribute(range_key=True)


class DueWork(GlobalSecondaryIndex["InvoiceItem"]):
    """Invoices of all organizations with due work, by the time at which it is due.

    The work is to resume the invoice's saga, or to turn the invoice overdue.
    """

    class Meta:
        index_name = "due_work"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    resume_at = NumberAttribute(range_key=True)


class InvoiceItem(Aggregate):
    """An invoice. The attributes next to its document are the keys of the indexes."""

    class Meta(StreamedTableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    invoice_id = UnicodeAttribute(range_key=True)
    created_key = UnicodeAttribute()
    status_key = UnicodeAttribute()
    customer_key = UnicodeAttribute()
    group_key = UnicodeAttribute(null=True)
    due_key = UnicodeAttribute(null=True)
    overdue_key = UnicodeAttribute(null=True)
    disputed_key = UnicodeAttribute(null=True)
    updated_key = UnicodeAttribute(null=True)
    number_key = UnicodeAttribute(null=True)
    attention_kind_key = UnicodeAttribute(null=True)
    attention_key = UnicodeAttribute(null=True)
    work = UnicodeAttribute(null=True)
    resume_at = NumberAttribute(null=True)

    by_created = InvoicesByCreated()
    by_status = InvoicesByStatus()
    by_customer = InvoicesByCustomer()
    by_group = InvoicesByGroup()
    by_due_date = InvoicesByDueDate()
    overdue = OverdueInvoices()
    disputed = DisputedInvoices()
    by_updated = InvoicesByUpdated()
    by_number = InvoicesByNumber()
    attention = InvoicesNeedingAttention()
    due_work = DueWork()


class PaymentReferenceItem(Model):
    """The invoice that a Stripe object belongs to."""

    class Meta(TableMeta):
        pass

    account_id = UnicodeAttribute(hash_key=True)
    stripe_id = UnicodeAttribute(range_key=True)
    organization_id = UnicodeAttribute()
    invoice_id = UnicodeAttribute()

"""Invoices, and which invoice a payment belongs to."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import Aggregate, TableMeta


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


class InvoiceItem(Aggregate):
    """An invoice with its transaction history."""

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    invoice_id = UnicodeAttribute(range_key=True)
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


class PaymentReferenceItem(Model):
    """Which invoice a Stripe object belongs to."""

    class Meta(TableMeta):
        pass

    account_id = UnicodeAttribute(hash_key=True)
    stripe_id = UnicodeAttribute(range_key=True)
    organization_id = UnicodeAttribute()
    invoice_id = UnicodeAttribute()

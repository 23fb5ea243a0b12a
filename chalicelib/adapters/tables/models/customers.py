"""The table of customers."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.adapters.tables.models.table import Aggregate, StreamedTableMeta


class CustomersByStripeId(GlobalSecondaryIndex["CustomerItem"]):
    """Customers by their Stripe customer."""

    class Meta:
        index_name = "by_stripe_id"
        projection = KeysOnlyProjection()

    stripe_key = UnicodeAttribute(hash_key=True)


class PendingCustomers(GlobalSecondaryIndex["CustomerItem"]):
    """Customers that POM has yet to sync to Stripe or to search for, by the time of their last edit.

    It also has customers with an unfinished erasure, by the time at which the erasure continues.
    """

    class Meta:
        index_name = "pending"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    updated_at = NumberAttribute(range_key=True)


class CustomersWithoutEmail(GlobalSecondaryIndex["CustomerItem"]):
    """An organization's customers without an e-mail address."""

    class Meta:
        index_name = "without_email"
        projection = KeysOnlyProjection()

    emailless_of = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute(range_key=True)


class CustomersBySyncStatus(GlobalSecondaryIndex["CustomerItem"]):
    """An organization's customers by sync status and by the account of that status, without erased ones."""

    class Meta:
        index_name = "by_sync_status"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    status_key = UnicodeAttribute(range_key=True)


class CustomersByEmail(GlobalSecondaryIndex["CustomerItem"]):
    """An organization's customers by their e-mail address in lower case. Several may share one address."""

    class Meta:
        index_name = "by_email"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    email_key = UnicodeAttribute(range_key=True)


class CustomersByName(GlobalSecondaryIndex["CustomerItem"]):
    """An organization's customers by their displayed names, folded."""

    class Meta:
        index_name = "by_name"
        projection = KeysOnlyProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class CustomerItem(Aggregate):
    """POM's record of a customer."""

    class Meta(StreamedTableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute(range_key=True)
    stripe_key = UnicodeAttribute(null=True)
    work = UnicodeAttribute(null=True)
    updated_at = NumberAttribute()
    emailless_of = UnicodeAttribute(null=True)
    status_key = UnicodeAttribute(null=True)
    email_key = UnicodeAttribute(null=True)
    name_key = UnicodeAttribute(null=True)

    by_stripe_id = CustomersByStripeId()
    pending = PendingCustomers()
    without_email = CustomersWithoutEmail()
    by_sync_status = CustomersBySyncStatus()
    by_email = CustomersByEmail()
    by_name = CustomersByName()

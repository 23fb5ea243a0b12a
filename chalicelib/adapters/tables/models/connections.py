"""The tables of connections, attempts to connect, and claims."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import Aggregate, StreamedTableMeta, TableMeta


class ActiveConnections(GlobalSecondaryIndex["ConnectionItem"]):
    """Organizations with an active connection, by the time at which their account's next sweep is due."""

    class Meta:
        index_name = "active"
        projection = KeysOnlyProjection()

    active = UnicodeAttribute(hash_key=True)
    sweep_at = NumberAttribute(range_key=True)


class ConnectionItem(Aggregate):
    """An organization's own items: its connection, settings, unknown invoices and latest connection test.

    Three items belong to no organization: the latest check of the platform's webhook endpoints, the latest run of the
    canaries, and the platform's freeze.
    """

    class Meta(StreamedTableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    active = UnicodeAttribute(null=True)
    sweep_at = NumberAttribute(null=True)
    run = UnicodeAttribute(null=True)
    """The id of the connection test, in the item of the latest test only."""
    expires_at = TTLAttribute(null=True)
    """Set for the unknown invoices and the latest test. The other items do not expire."""

    by_active = ActiveConnections()


class UnusedGrants(GlobalSecondaryIndex["OAuthStateItem"]):
    """Attempts that granted access to an account and were not completed, by the time at which they expire."""

    class Meta:
        index_name = "unused_grants"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    runs_out_at = NumberAttribute(range_key=True)


class OAuthStateItem(Aggregate):
    """One attempt to connect."""

    class Meta(TableMeta):
        pass

    state_hash = UnicodeAttribute(hash_key=True)
    expires_at = TTLAttribute()
    work = UnicodeAttribute(null=True)
    runs_out_at = NumberAttribute(null=True)

    unused_grants = UnusedGrants()


class ClaimItem(Model):
    """The holder of a resource that only one may hold: a service, a Stripe account, or a Stripe customer."""

    class Meta(TableMeta):
        pass

    owner = UnicodeAttribute(hash_key=True)
    claim = UnicodeAttribute(range_key=True)
    holder = UnicodeAttribute()

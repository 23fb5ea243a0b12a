"""Connections, attempts to connect, and claims."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import Aggregate, StreamedTableMeta, TableMeta


class ActiveConnections(GlobalSecondaryIndex["ConnectionItem"]):
    """Organizations whose connection is usable, by when their account is next to be swept."""

    class Meta:
        index_name = "active"
        projection = KeysOnlyProjection()

    active = UnicodeAttribute(hash_key=True)
    sweep_at = NumberAttribute(range_key=True)


class ConnectionItem(Aggregate):
    """What belongs to an organization itself: its connection, its settings, the unknown invoices of its account, and
    the latest test of its connection.

    Three items belong to none of them: the latest look at the platform's webhook endpoints, the latest flight of the
    canaries, and the platform's freeze.
    """

    class Meta(StreamedTableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute(range_key=True)
    active = UnicodeAttribute(null=True)
    sweep_at = NumberAttribute(null=True)
    run = UnicodeAttribute(null=True)
    """Which test of the connection it is, in the item of the latest test alone."""
    expires_at = TTLAttribute(null=True)
    """Of the unknown invoices and of the latest test. The other items are kept."""

    by_active = ActiveConnections()


class UnusedGrants(GlobalSecondaryIndex["OAuthStateItem"]):
    """Attempts that gave access to an account and are not completed, by when they run out."""

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
    """The holder of something that only one may hold: a service, a Stripe account, or a Stripe customer."""

    class Meta(TableMeta):
        pass

    owner = UnicodeAttribute(hash_key=True)
    claim = UnicodeAttribute(range_key=True)
    holder = UnicodeAttribute()

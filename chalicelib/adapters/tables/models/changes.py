"""The table of changes, in one feed for each organization."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.adapters.tables.models.table import TableMeta


class ChangeItem(Model):
    """A change, or the `head` of an organization's feed; `change_rows` describes the places.

    The table has no index, so a write takes one unit. A change is stored as attributes and not as a document, because
    they are few and short.
    """

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)
    epoch = NumberAttribute(null=True)
    kind = UnicodeAttribute(null=True)
    object_id = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)
    at = NumberAttribute(null=True)
    types = UnicodeAttribute(null=True)
    previous_status = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    expires_at = TTLAttribute(null=True)

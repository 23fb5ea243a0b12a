"""The table of batches."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.adapters.tables.models.table import Aggregate, TableMeta


class BatchesByCreated(GlobalSecondaryIndex["BatchItem"]):
    """An organization's batches of one kind, by time of creation."""

    class Meta:
        index_name = "by_created"
        projection = AllProjection()

    organization_id = UnicodeAttribute(hash_key=True)
    created_key = UnicodeAttribute(range_key=True)


class DueBatchWork(GlobalSecondaryIndex["BatchItem"]):
    """Parts of batches of all organizations, by the time at which a worker must check their progress."""

    class Meta:
        index_name = "due_work"
        projection = KeysOnlyProjection()

    work = UnicodeAttribute(hash_key=True)
    resume_at = NumberAttribute(range_key=True)


class BatchItem(Aggregate):
    """A batch's header, an item of it, a lane's part of it, or an organization's lane; `batches` names the places."""

    class Meta(TableMeta):
        pass

    organization_id = UnicodeAttribute(hash_key=True)
    place = UnicodeAttribute(range_key=True)
    round = NumberAttribute(null=True)
    created = NumberAttribute(null=True)
    sent = NumberAttribute(null=True)
    updated = NumberAttribute(null=True)
    unchanged = NumberAttribute(null=True)
    failed = NumberAttribute(null=True)
    held_back = NumberAttribute(null=True)
    created_key = UnicodeAttribute(null=True)
    work = UnicodeAttribute(null=True)
    resume_at = NumberAttribute(null=True)
    expires_at = TTLAttribute(null=True)

    by_created = BatchesByCreated()
    due_work = DueBatchWork()

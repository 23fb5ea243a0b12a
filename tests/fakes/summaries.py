"""`SummaryStore` in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.summary import Period
from chalicelib.domain.tallies import PAID, Bucket, Tally
from tests.fakes.database import FakeDatabase


class FakeSummaries:
    def __init__(self, database: FakeDatabase) -> None:
        self._db = database

    def tallies(self, organization_id: OrganizationId, paid: Period | None) -> Mapping[Bucket, Tally]:
        with self._db.lock:
            stored_tallies = self._db.tallies.get(organization_id, {})
        return {bucket: tally for bucket, tally in stored_tallies.items() if _is_included(bucket, paid)}


def _is_included(bucket: Bucket, paid: Period | None) -> bool:
    if bucket.kind == PAID:
        return paid is not None and paid.first <= dt.date.fromisoformat(bucket.of) <= paid.last
    return True

"""A patch of moto's streams, which keep every iterator and every record. The patch keeps the newest ones only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.dynamodb.models.table import StreamShard
from moto.dynamodbstreams.models import DynamoDBStreamsBackend

KEPT_ITERATORS = 1_000
"""Each read creates an iterator. Four streams that are read four times a second create 1,000 in a minute."""
KEPT_RECORDS = 10_000
"""Records of each stream, about 80 MB. AWS keeps all records for 24 hours."""

GetRecords = Callable[[DynamoDBStreamsBackend, str, int], dict[str, Any]]


def forgetting(get_records: GetRecords) -> GetRecords:
    """Wraps `DynamoDBStreamsBackend.get_records`, and drops the oldest iterators and records."""

    def wrapper(self: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> dict[str, Any]:
        shard: StreamShard = self.shard_iterators[iterator_arn].stream_shard
        answer = get_records(self, iterator_arn, limit)
        for arn in list(self.shard_iterators)[:-KEPT_ITERATORS]:
            del self.shard_iterators[arn]
        if (excess := len(shard.items) - KEPT_RECORDS) > 0:
            del shard.items[:excess]
            shard.starting_sequence_number += excess
        return answer

    return wrapper

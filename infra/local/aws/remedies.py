"""Installs and removes the patches of moto 5.2.5. Uses may be nested."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from moto.core.serialize import ResponseSerializer
from moto.dynamodb import models
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import DynamoDBStreamsBackend
from moto.sqs.models import Queue

from infra.local.aws.key_sizes import checking_puts, checking_queries, checking_reads, checking_updates
from infra.local.aws.queries import narrowing_queries, returning_narrowed_items
from infra.local.aws.queues import deduplicating, wait_without_lock
from infra.local.aws.rendering import reading_attribute_values_directly
from infra.local.aws.streams import forgetting
from infra.local.aws.transactions import copies_all_but_tables, restoring

_guard = threading.Lock()
_uses = 0
_patches = ExitStack()


def _install() -> None:
    backend = models.DynamoDBBackend
    for target, name, replacement in (
        (models, "copy", copies_all_but_tables()),
        (backend, "transact_write_items", restoring(backend.transact_write_items)),
        (backend, "update_item", checking_updates(backend.update_item)),
        (Table, "get_item", checking_reads(Table.get_item)),
        (Table, "put_item", checking_puts(Table.put_item)),
        (Table, "query", checking_queries(narrowing_queries(Table.query))),
        (Table, "all_items", returning_narrowed_items(Table.all_items)),
        (ResponseSerializer, "get_value", reading_attribute_values_directly(ResponseSerializer.get_value)),
        (DynamoDBStreamsBackend, "get_records", forgetting(DynamoDBStreamsBackend.get_records)),
        (Queue, "wait_for_messages", wait_without_lock),
        (Queue, "add_message", deduplicating(Queue.add_message)),
    ):
        _patches.enter_context(patch.object(target, name, replacement))


@contextmanager
def patched_moto() -> Iterator[None]:
    """Patches moto within this block."""
    global _uses
    with _guard:
        if _uses == 0:
            _install()
        _uses += 1
    try:
        yield
    finally:
        with _guard:
            _uses -= 1
            if _uses == 0:
                _patches.close()

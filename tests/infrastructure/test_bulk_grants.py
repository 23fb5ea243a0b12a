"""Bulk work does no more in AWS than its functions' policies allow."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.adapters import tables
from chalicelib.domain.batch import BatchKind, ItemStatus, Part
from chalicelib.domain.pacing import Pace
from infra.local import enforced_policies
from tests.contracts.examples import NOW, ORG, customer
from tests.contracts.test_batch_store import batch, items
from tests.infrastructure.test_enforced import queue_urls

__all__ = ["queue_urls"]


def test_each_function_has_the_grants_for_its_part_of_bulk_work(queue_urls: dict[str, str]) -> None:
    store = tables.TableBatches()
    with enforced_policies.acting("api_handler"):
        saved_batch = store.save(batch())
        store.add_items(saved_batch, items())
        running = store.save(replace(saved_batch, stored=True), [Part(ORG, saved_batch.id, 0, resume_at=NOW)])
        assert store.items(running, 10, None).items
        assert store.page(ORG, BatchKind.INVOICES, 10, None).items
    with enforced_policies.acting("resume_stuck"):
        [(organization_id, batch_id, lane)] = store.due_parts(NOW, 10)
        part = store.part(organization_id, batch_id, lane)
        assert part is not None
    with enforced_policies.acting("batch_jobs"):
        assert store.get(ORG, running.id) == running
        [item] = store.items_at(running, [1])
        store.decide(running, item.decided(ItemStatus.CREATED, 0), customer("1"))
        store.save_pace(ORG, 0, Pace(1500))
        assert store.pace(ORG, 0) == Pace(1500)
        store.save_part(replace(part, turn=1))

"""The feed takes no more rights in AWS than the policies of its two functions have."""

from __future__ import annotations

import pytest

from chalicelib.adapters import tables
from chalicelib.adapters.tables.change_rows import EXPIRES_AFTER
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.errors import DeploymentFault
from infra.local import enforced_policies
from tests.contracts.examples import NOW, ORG
from tests.fakes import FakeClock
from tests.infrastructure.test_enforced import queue_urls

__all__ = ["queue_urls"]

CHANGE = Change(ORG, ObjectKind.INVOICE, "inv_1", 1, NOW, Difference((ChangeType.INVOICE_PAID,), None, "paid"))


def test_the_worker_can_append_to_the_feed_and_the_api_can_read_it(queue_urls: dict[str, str]) -> None:
    clock = FakeClock()
    feed = tables.TableChanges(clock)
    with enforced_policies.acting("publish_changes"):
        feed.append([CHANGE, CHANGE])  # begins an epoch, and goes on
        clock.advance(EXPIRES_AFTER)
        feed.append([CHANGE])  # checks that the row before still exists
    with enforced_policies.acting("api_handler"):
        assert len(feed.after(ORG, None, 10).entries) == 1
        assert feed.end(ORG)
        with pytest.raises(DeploymentFault, match="PutItem on ChangesTable"):
            feed.append([CHANGE])

"""Lists an organization's changes, for clients that poll the feed."""

from __future__ import annotations

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports
from chalicelib.ports.changes import FeedPage

NOW = "now"
"""The value of `after` that means "from now on". It equals no cursor, because cursors are longer."""


def list_changes(organization_id: OrganizationId, after: str | None, first: int, ports: Ports) -> FeedPage:
    """Returns at most `first` changes after the cursor `after`, oldest first.

    Without a cursor, the page begins with the oldest stored change. With `NOW`, the page is empty, and its cursor
    leads to later changes.

    Raises:
        Refused: the cursor is not from this organization's feed.
        CursorExpired: changes after the cursor may have been deleted.
    """
    if after == NOW:
        return FeedPage((), ports.changes.end(organization_id), False)
    return ports.changes.after(organization_id, after, first)

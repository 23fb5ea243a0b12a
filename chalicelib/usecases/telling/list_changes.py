"""Lists what has changed for an organization, for those who follow it by asking."""

from __future__ import annotations

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports
from chalicelib.ports.changes import FeedPage

NOW = "now"
"""In place of a cursor: from now on. No cursor looks like this, because cursors are longer."""


def list_changes(organization_id: OrganizationId, after: str | None, first: int, ports: Ports) -> FeedPage:
    """Returns at most `first` changes behind the cursor `after`, the oldest first.

    Without a cursor the page begins with the oldest change that is kept. With `NOW` it is empty, and its cursor leads
    to what changes from now on.

    Raises:
        Refused: the cursor is not from this organization's feed.
        CursorExpired: changes behind the cursor may have been deleted.
    """
    if after == NOW:
        return FeedPage((), ports.changes.end(organization_id), False)
    return ports.changes.after(organization_id, after, first)

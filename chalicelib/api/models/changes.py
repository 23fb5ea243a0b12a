"""The query for what has changed, and the changes as the API returns them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, instant
from chalicelib.api.models.queries import ROWS, First
from chalicelib.domain.changes import Change, ChangeType, ObjectKind
from chalicelib.ports.changes import FeedPage


class ChangeQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Which part of the changes."""

    first: First = ROWS
    after: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=2000,
                description="The `endCursor` of the latest page, which may be stored. `now`: no change, but a cursor "
                "for what changes from now on. If left out: from the oldest change that is kept.",
                examples=["now"],
            ),
        ]
        | None
    ) = None


class ChangeView(msgspec.Struct, rename="camel", kw_only=True):
    """One thing that happened to an object. If two happened at once, each is an entry of its own."""

    id: Annotated[
        str,
        Meta(
            description="The id of the change, the same however often it is told, on the bus and in the list of "
            "changes.",
            examples=["chg_2gkq4hz7n5ax3wobyr6tclmd4e"],
        ),
    ]
    type: Annotated[ChangeType, Meta(description="What happened.")]
    object_kind: Annotated[ObjectKind, Meta(description="What kind of object it happened to.")]
    object_id: Annotated[
        str,
        Meta(
            description="The id of the object in its own route: POM's for invoices and customers, Stripe's for "
            "payouts, and the id of the organization for its connection."
        ),
    ]
    version: Annotated[
        int,
        Meta(
            description="The version of the object after the change. Ignore a change with a lower version than one "
            "that you have of this object.",
            ge=0,
        ),
    ]
    at: Annotated[Instant, Meta(description="When the change was stored. RFC 3339, UTC.")]
    previous_status: Annotated[
        str | None,
        Meta(
            description="The object's status before the change: `status` of an invoice, a payout or the connection, "
            "or `syncStatus` of a customer. Null if nothing was told of the object before."
        ),
    ]
    status: Annotated[str | None, Meta(description="The status after the change. Null if `deleted`.")]
    deleted: Annotated[
        bool,
        Meta(
            description="True if nothing is left to load: the object no longer exists in POM, or the customer was "
            "erased."
        ),
    ]


class FeedPosition(msgspec.Struct, rename="camel"):
    """Where a page of the changes ends, and whether there is another one now."""

    end_cursor: Annotated[
        str,
        Meta(
            description="Give it as `after` to go on, now or later. It means nothing else. Empty pages have one, too."
        ),
    ]
    has_next_page: Annotated[bool, Meta(description="True if there is more behind this page already.")]


class ChangeList(msgspec.Struct, rename="camel"):
    """A part of what has changed, the oldest change first."""

    data: Annotated[list[ChangeView], Meta(description="The changes, the oldest first.")]
    page_info: Annotated[FeedPosition, Meta(description="Where this page ends.")]


def change_list(page: FeedPage) -> ChangeList:
    return ChangeList(
        [ChangeView(**change_fields(each.change, each.type)) for each in page.entries],
        FeedPosition(page.cursor, page.has_more),
    )


def change_fields(change: Change, change_type: ChangeType) -> dict[str, Any]:
    """Returns the fields that the feed and the bus have in common."""
    return {
        "id": change.id_of(change_type),
        "type": change_type,
        "object_kind": change.object_kind,
        "object_id": change.object_id,
        "version": change.version,
        "at": instant(change.at),
        "previous_status": change.difference.previous_status,
        "status": change.difference.status,
        "deleted": change.deleted,
    }

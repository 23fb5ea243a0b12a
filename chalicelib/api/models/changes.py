"""The query of the changes feed, and a page of the feed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, instant
from chalicelib.api.models.queries import ROWS, First
from chalicelib.domain.changes import Change, ChangeType, ObjectKind
from chalicelib.ports.changes import FeedPage


class ChangeQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The page of the changes to list."""

    first: First = ROWS
    after: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=2000,
                description="The `endCursor` of the latest page, which may be stored. With `now`, the page is "
                "empty and its `endCursor` begins with the next change. If left out, the list begins with the "
                "oldest change that is retained.",
                examples=["now"],
            ),
        ]
        | None
    ) = None


class ChangeView(msgspec.Struct, rename="camel", kw_only=True):
    """A change of an object. Two changes at the same time are two entries."""

    id: Annotated[
        str,
        Meta(
            description="The id of the change. A change has the same id in this list and in every copy of its "
            "event on the bus.",
            examples=["chg_2gkq4hz7n5ax3wobyr6tclmd4e"],
        ),
    ]
    type: Annotated[ChangeType, Meta(description="The type of the change.")]
    object_kind: Annotated[ObjectKind, Meta(description="The kind of object that changed.")]
    object_id: Annotated[
        str,
        Meta(
            description="The id of the object in its own route: POM's id of an invoice or a customer, Stripe's id "
            "of a payout, or the id of the organization for its connection."
        ),
    ]
    version: Annotated[
        int,
        Meta(
            description="The version of the object after the change. Ignore a change whose version is lower than "
            "the latest one that you have of the object.",
            ge=0,
        ),
    ]
    at: Annotated[Instant, Meta(description="Time at which the change was stored. RFC 3339, UTC.")]
    previous_status: Annotated[
        str | None,
        Meta(
            description="The object's status before the change: `status` of an invoice, a payout or the "
            "connection, or `syncStatus` of a customer. Null if this is the first published change of the object."
        ),
    ]
    status: Annotated[
        str | None, Meta(description="The object's status after the change. Null if `deleted` is true.")
    ]
    deleted: Annotated[
        bool,
        Meta(
            description="True if the object can no longer be loaded, because POM deleted its record or because the "
            "customer was erased."
        ),
    ]


class FeedPosition(msgspec.Struct, rename="camel"):
    """The end of a page of the changes, and whether another page follows."""

    end_cursor: Annotated[
        str,
        Meta(
            description="The value of `after` for the next page. It can be stored and used later, and has no other "
            "meaning. Empty pages have one, too."
        ),
    ]
    has_next_page: Annotated[bool, Meta(description="True if the next page already has changes.")]


class ChangeList(msgspec.Struct, rename="camel"):
    """A page of the changes, oldest first."""

    data: Annotated[list[ChangeView], Meta(description="The changes, oldest first.")]
    page_info: Annotated[FeedPosition, Meta(description="The end of this page.")]


def change_list(page: FeedPage) -> ChangeList:
    return ChangeList(
        [ChangeView(**change_fields(each.change, each.type)) for each in page.entries],
        FeedPosition(page.cursor, page.has_more),
    )


def change_fields(change: Change, change_type: ChangeType) -> dict[str, Any]:
    """Returns the fields that the feed and the events on the bus have in common."""
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

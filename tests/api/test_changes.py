"""What has changed, over HTTP: followed from a moment on, page by page, and refused when the cursor is too old."""

from __future__ import annotations

import msgspec

from chalicelib.api.examples import EXAMPLES
from chalicelib.api.models.changes import ChangeList
from chalicelib.domain.changes import Change, ChangeType, Difference, ObjectKind
from chalicelib.domain.identifiers import OrganizationId
from tests.api.client import ORGANIZATION, OTHER_ORGANIZATION, ApiClient
from tests.world import World

DAY = 86400
PAID = Difference((ChangeType.INVOICE_PAID,), "pending", "paid")
GONE = Difference((ChangeType.CUSTOMER_DELETED,), "synced")


def append(world: World, name: str, difference: Difference = PAID, organization: str = ORGANIZATION) -> None:
    kind = difference.types[0].object_kind
    made = Change(OrganizationId(organization), kind, name, 4, world.ports.clock.now(), difference)
    world.ports.changes.append([made])


def test_a_client_that_takes_the_cursor_first_hears_of_all_that_changes_afterwards(
    api: ApiClient, world: World
) -> None:
    append(world, "long ago")
    world.ports.clock.advance(3600)
    start = api.get("/changes?after=now").json
    assert start["data"] == []
    assert start["pageInfo"]["hasNextPage"] is False
    for name in "abc":
        append(world, name)
    heard, cursor, more = [], start["pageInfo"]["endCursor"], True
    while more:
        page = api.get(f"/changes?first=2&after={cursor}").json
        heard += [each["objectId"] for each in page["data"]]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert heard == ["a", "b", "c"]
    append(world, "d")
    assert [each["objectId"] for each in api.get(f"/changes?after={cursor}").json["data"]] == ["d"]


def test_an_entry_says_what_happened_without_the_object(api: ApiClient, world: World) -> None:
    append(world, "inv_1")
    append(world, "cust_1", GONE)
    paid, gone = api.get("/changes").json["data"]
    [example] = EXAMPLES[ChangeList]["data"]
    assert paid.keys() == gone.keys() == example.keys()
    assert (paid["type"], paid["objectKind"], paid["objectId"]) == ("invoice.paid", ObjectKind.INVOICE, "inv_1")
    assert (paid["version"], paid["previousStatus"], paid["status"]) == (4, "pending", "paid")
    assert (paid["deleted"], gone["deleted"], gone["status"]) == (False, True, None)
    msgspec.convert(EXAMPLES[ChangeList], ChangeList)


def test_a_change_of_a_type_that_a_later_release_told_is_shown_after_a_way_back(api: ApiClient, world: World) -> None:
    append(world, "inv_1", Difference((ChangeType("invoice.moved"),), "pending", "pending"))
    [moved] = api.get("/changes").json["data"]
    assert (moved["type"], moved["objectKind"], moved["deleted"]) == ("invoice.moved", "invoice", False)


def test_a_cursor_that_is_too_old_is_refused_with_what_to_do(api: ApiClient, world: World) -> None:
    cursor = api.get("/changes?after=now").json["pageInfo"]["endCursor"]
    world.ports.clock.advance(32 * DAY)
    refused = api.get(f"/changes?after={cursor}")
    assert (refused.status, refused.code, refused.error["field"]) == (410, "cursor_expired", "after")


def test_a_poll_that_brings_nothing_new_is_answered_without_a_body(api: ApiClient, world: World) -> None:
    cursor = api.get("/changes?after=now").json["pageInfo"]["endCursor"]
    first = api.get(f"/changes?after={cursor}")
    known = {"If-None-Match": first.headers["etag"]}
    assert api.call("GET", f"/changes?after={cursor}", headers=known).status == 304
    append(world, "a")
    assert api.call("GET", f"/changes?after={cursor}", headers=known).status == 200


def test_another_organizations_changes_and_cursors_lead_nowhere(api: ApiClient, world: World) -> None:
    append(world, "theirs", organization=OTHER_ORGANIZATION)
    assert api.get("/changes").json["data"] == []
    cursor = api.get("/changes").json["pageInfo"]["endCursor"]
    stranger = api.acting("billing", organization=OTHER_ORGANIZATION)
    assert stranger.get(f"/changes?after={cursor}").code == "cursor_invalid"

"""The feed of changes over HTTP: it is read page by page from a cursor, and a cursor that is too old is refused."""

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
DELETION = Difference((ChangeType.CUSTOMER_DELETED,), "synced")


def append(world: World, name: str, difference: Difference = PAID, organization: str = ORGANIZATION) -> None:
    kind = difference.types[0].object_kind
    change = Change(OrganizationId(organization), kind, name, 4, world.ports.clock.now(), difference)
    world.ports.changes.append([change])


def test_a_client_that_starts_at_a_cursor_receives_every_later_change(api: ApiClient, world: World) -> None:
    append(world, "long ago")
    world.ports.clock.advance(3600)
    start = api.get("/changes?after=now").json
    assert start["data"] == []
    assert start["pageInfo"]["hasNextPage"] is False
    for name in "abc":
        append(world, name)
    received, cursor, has_next = [], start["pageInfo"]["endCursor"], True
    while has_next:
        page = api.get(f"/changes?first=2&after={cursor}").json
        received += [each["objectId"] for each in page["data"]]
        cursor, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert received == ["a", "b", "c"]
    append(world, "d")
    assert [each["objectId"] for each in api.get(f"/changes?after={cursor}").json["data"]] == ["d"]


def test_an_entry_names_the_change_without_the_object(api: ApiClient, world: World) -> None:
    append(world, "inv_1")
    append(world, "cust_1", DELETION)
    paid_entry, deleted_entry = api.get("/changes").json["data"]
    [example] = EXAMPLES[ChangeList]["data"]
    assert paid_entry.keys() == deleted_entry.keys() == example.keys()
    assert (paid_entry["type"], paid_entry["objectKind"], paid_entry["objectId"]) == (
        "invoice.paid",
        ObjectKind.INVOICE,
        "inv_1",
    )
    assert (paid_entry["version"], paid_entry["previousStatus"], paid_entry["status"]) == (4, "pending", "paid")
    assert (paid_entry["deleted"], deleted_entry["deleted"], deleted_entry["status"]) == (False, True, None)
    msgspec.convert(EXAMPLES[ChangeList], ChangeList)


def test_a_change_type_of_a_later_release_is_returned_after_a_rollback(api: ApiClient, world: World) -> None:
    append(world, "inv_1", Difference((ChangeType("invoice.moved"),), "pending", "pending"))
    [entry] = api.get("/changes").json["data"]
    assert (entry["type"], entry["objectKind"], entry["deleted"]) == ("invoice.moved", "invoice", False)


def test_a_cursor_that_is_too_old_is_refused_with_a_next_step(api: ApiClient, world: World) -> None:
    cursor = api.get("/changes?after=now").json["pageInfo"]["endCursor"]
    world.ports.clock.advance(32 * DAY)
    refusal = api.get(f"/changes?after={cursor}")
    assert (refusal.status, refusal.code, refusal.error["field"]) == (410, "cursor_expired", "after")


def test_a_poll_without_news_gets_a_response_without_a_body(api: ApiClient, world: World) -> None:
    cursor = api.get("/changes?after=now").json["pageInfo"]["endCursor"]
    first = api.get(f"/changes?after={cursor}")
    if_none_match = {"If-None-Match": first.headers["etag"]}
    assert api.call("GET", f"/changes?after={cursor}", headers=if_none_match).status == 304
    append(world, "a")
    assert api.call("GET", f"/changes?after={cursor}", headers=if_none_match).status == 200


def test_another_organizations_changes_and_cursors_are_not_found(api: ApiClient, world: World) -> None:
    append(world, "theirs", organization=OTHER_ORGANIZATION)
    assert api.get("/changes").json["data"] == []
    cursor = api.get("/changes").json["pageInfo"]["endCursor"]
    other_organization = api.acting("billing", organization=OTHER_ORGANIZATION)
    assert other_organization.get(f"/changes?after={cursor}").code == "cursor_invalid"

"""The export of a customer over HTTP: its parts stay below the size limit, and only admins may request it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.api import customer_export
from chalicelib.domain.export_records import RecordKind
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, erase_customer
from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.world import ADMIN, ORGANIZATION, World

PATH = "/customers/cust_1/export"


@pytest.fixture
def api(api: ApiClient, world: World) -> ApiClient:
    """Returns a client of a company with two customers, one paid invoice and one open invoice."""
    account = world.connect()
    world.customer(phone="512 555 0100")
    world.customer("cust_2", "bea@example.test", first_name="Bea")
    world.work()
    first = world.invoice("svc_1", send=True)
    world.invoice("svc_2", send=True)
    world.work()
    world.double.pay(account, world.now(first).stripe_invoice_id or "", "pm_card_visa")
    world.deliver()
    world.work()
    return api


def parts(api: ApiClient, path: str = PATH) -> list[Any]:
    """Returns all parts of an export, requested one after the other."""
    export_parts, after = [], ""
    while True:
        response = api.admin.get(f"{path}{after}")
        assert response.status == 200, response.text
        export_parts.append(response.json)
        if not response.json["pageInfo"]["hasNextPage"]:
            return export_parts
        after = f"?after={response.json['pageInfo']['endCursor']}"


def records(export_parts: list[Any]) -> list[Any]:
    return [record for part in export_parts for record in part["data"]]


def test_a_small_export_is_one_part(api: ApiClient) -> None:
    [part] = parts(api)
    assert part["customerId"] == "cust_1"
    assert part["pageInfo"] == {"endCursor": None, "hasNextPage": False}
    kinds = [each["kind"] for each in part["data"]]
    assert kinds[0] == "customer"
    assert {"act", "claim", "invoice", "billed_service", "reference", "payment", "event"} <= set(kinds)
    assert kinds.count("invoice") == 2
    text = json.dumps(part)
    assert "ann@example.test" in text
    assert "512 555 0100" in text
    assert "bea@example.test" not in text


@pytest.mark.parametrize(("limit", "value"), [("BYTES", 1), ("SECONDS", 0)])
def test_a_large_export_comes_in_parts_that_make_up_the_whole(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    parts(api)  # The first export is an act, so it is a record of later ones.
    [single_part] = parts(api)
    monkeypatch.setattr(customer_export, limit, value)
    export_parts = parts(api)
    assert len(export_parts) > 5
    acts = [each for each in records(export_parts) if each["kind"] == "act" and each["content"]["kind"] == "exported"]
    assert len(acts) == 3, "a further part of an export is not another act"
    other_records = [each for each in records(export_parts) if each["kind"] != "act"]
    assert other_records == [each for each in single_part["data"] if each["kind"] != "act"]


def test_each_record_says_where_it_is_stored_why_and_until_when(api: ApiClient) -> None:
    by_kind = {each["kind"]: each for each in records(parts(api))}
    for kind, record in by_kind.items():
        assert record["storedIn"] == RecordKind(kind).table
        assert len(record["why"]) > 40
    assert by_kind["event"]["keptUntil"] is not None
    assert by_kind["invoice"]["keptUntil"] is None
    assert by_kind["invoice"]["why"].startswith("Kept until ")


def test_an_export_is_recorded_with_the_id_of_the_user(api: ApiClient, world: World) -> None:
    act = next(
        each for each in records(parts(api)) if each["kind"] == "act" and each["content"]["kind"] == "exported"
    )
    assert act["content"]["actor"] == ADMIN
    assert "operator" not in act["content"]
    before = world.ports.customers.get(
        OrganizationId(act["content"]["subject"]["organization_id"]), CustomerId("cust_1")
    )
    assert before is not None
    parts(api)
    assert world.ports.customers.get(before.organization_id, before.id) == before, "the record itself has not changed"


def test_fields_of_pom_alone_are_not_exported(api: ApiClient) -> None:
    text = json.dumps(records(parts(api)))
    assert "nonce-" in json.dumps([each["id"] for each in records(parts(api))]), "an act's id contains a nonce"
    assert '"nonce"' not in text
    assert '"key_generation"' not in text


def test_an_export_of_an_unknown_customer_is_refused(api: ApiClient) -> None:
    response = api.admin.get("/customers/cust_9/export")
    assert (response.status, response.code) == (404, "customer_not_found")
    foreign = api.acting("admin", organization=OTHER_ORGANIZATION, user=ADMIN).get(PATH)
    assert (foreign.status, foreign.code) == (404, "customer_not_found")


def test_only_an_admin_may_export(api: ApiClient) -> None:
    assert (api.get(PATH).status, api.get(PATH).code) == (403, "role_missing")


def test_an_invalid_cursor_or_one_of_another_export_is_refused(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_export, "BYTES", 1)
    cursors = [each["pageInfo"]["endCursor"] for each in parts(api) if each["pageInfo"]["hasNextPage"]]
    name, mark, _ = cursors[-1].split(".", 2)
    forged_cursors = [
        f"{name}.{mark}.x",
        f"events.{mark}.acct_other.x",
        f"everything.{mark}.",
        "x",
        f"{name}",
        *cursors,
    ]
    for after in forged_cursors[:5]:
        response = api.admin.get(f"{PATH}?after={after}")
        assert (response.status, response.code) == (422, "cursor_invalid"), after
    for after in cursors:
        response = api.admin.get(f"/customers/cust_2/export?after={after}")
        assert (response.status, response.code) == (422, "cursor_invalid"), after


def test_the_export_of_an_erased_customer_has_the_retained_records_and_no_personal_data(
    api: ApiClient, world: World
) -> None:
    unpaid = next(each for each in api.get("/invoices").json["data"] if each["status"] == "pending")
    api.post(f"/invoices/{unpaid['id']}/void")
    assert api.admin.delete(f"{PATH.removesuffix('/export')}?inStripe=keep").status == 202
    world.advance(BEGINS_AFTER)
    erase_customer(ORGANIZATION, CustomerId("cust_1"), world.ports)

    exported = records(parts(api))

    text = json.dumps(exported)
    assert {"customer", "invoice", "payment"} <= {each["kind"] for each in exported}
    assert [each for each in ("ann@example.test", "512 555 0100", "Ann", "4242") if each in text] == []

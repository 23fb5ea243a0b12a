"""ETags: a client does not receive what it already has, and does not overwrite a version that it has not read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chalicelib.api.http.route_table import ROUTES, VALIDATED
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.ports import Ports
from chalicelib.usecases.customers.customers import get_customer
from tests.api.client import ApiClient, Response
from tests.api.test_openapi import operations
from tests.world import ORGANIZATION, World

ANN = "/customers/cust_1"
SETTINGS = "/settings/invoicing"
RECORD = {"firstName": "Ann", "lastName": "Lee", "email": "ann@example.test"}
NEVER_SEEN = '"00000000000000000000000000000000.aaaaaaaaaaaaaaaaaaaaaaaaaa"'


def if_match(etag: str) -> dict[str, Any]:
    return {"headers": {"If-Match": etag}}


def if_none_match(etag: str) -> dict[str, Any]:
    return {"headers": {"If-None-Match": etag}}


@pytest.fixture
def ann(api: ApiClient, world: World) -> Response:
    """Returns the response of GET for a customer that Stripe has."""
    world.connect()
    assert api.put(ANN, RECORD).status == 200
    world.work()
    world.deliver()
    return api.get(ANN)


@pytest.mark.parametrize(
    "path", ["/apps", "/stripe/connection", SETTINGS, ANN, "/customers", "/summary", "/openapi.json"]
)
def test_an_unchanged_resource_is_304_without_a_body(path: str, api: ApiClient, ann: Response) -> None:
    first = api.get(path)
    again = api.get(path, **if_none_match(first.headers["etag"]))
    assert (first.status, again.status, again.text) == (200, 304, "")
    assert again.headers == first.headers


def test_a_changed_resource_is_returned_in_full(api: ApiClient, ann: Response) -> None:
    api.put(ANN, {**RECORD, "firstName": "Anna"})
    response = api.get(ANN, **if_none_match(ann.headers["etag"]))
    assert (response.status, response.json["firstName"]) == (200, "Anna")
    assert response.headers["etag"] != ann.headers["etag"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/"other"\t,  W/{}', "*"])
def test_an_etag_matches_in_a_list_and_in_its_weak_form(form: str, api: ApiClient, ann: Response) -> None:
    assert api.get(ANN, **if_none_match(form.format(ann.headers["etag"]))).status == 304


@pytest.mark.parametrize("form", ['"other"', '""', '"*"'])
def test_another_etag_does_not_match(form: str, api: ApiClient, ann: Response) -> None:
    assert api.get(ANN, **if_none_match(form)).status == 200


def test_csv_and_json_have_different_etags(api: ApiClient) -> None:
    as_json = api.get("/payments")
    as_csv = api.get("/payments", headers={"Accept": "text/csv"})
    assert as_json.headers["etag"] != as_csv.headers["etag"]
    again = api.get("/payments", headers={"Accept": "text/csv", "If-None-Match": as_csv.headers["etag"]})
    assert (again.status, again.headers["content-type"]) == (304, as_csv.headers["content-type"])
    other_format = api.get("/payments", headers={"Accept": "text/csv", "If-None-Match": as_json.headers["etag"]})
    assert other_format.status == 200


def test_an_etag_reveals_nothing_about_another_organizations_equal_body(api: ApiClient) -> None:
    """An ETag depends on the body only. A 304 says only that the caller's own body has not changed."""
    etag = api.get(SETTINGS).headers["etag"]
    other_client = api.acting("billing", organization="org_green")
    assert other_client.get(SETTINGS, **if_none_match(etag)).status == 304
    api.admin.put(SETTINGS, {"memo": "Thanks"})
    assert other_client.get(SETTINGS, **if_none_match(api.get(SETTINGS).headers["etag"])).status == 200


def test_an_etag_grants_no_access(api: ApiClient, ann: Response) -> None:
    etag = ann.headers["etag"]
    assert api.acting("member").get(ANN, **if_none_match(etag)).status == 403
    assert api.get(ANN, token=None, **if_none_match(etag)).status == 401
    assert api.acting("billing", organization="org_green").get(ANN, **if_none_match("*")).status == 404


@pytest.mark.parametrize("path", [ANN, SETTINGS])
def test_of_two_clients_that_loaded_a_resource_one_saves_and_the_other_gets_the_latest_version(
    path: str, api: ApiClient, ann: Response
) -> None:
    theirs, mine = ({**RECORD, "phone": "1"}, {**RECORD, "phone": "2"})
    if path == SETTINGS:
        theirs, mine = {"memo": "1"}, {"memo": "2"}
    loaded_etag = api.get(path).headers["etag"]
    assert api.admin.put(path, theirs, **if_match(loaded_etag)).status == 200
    refusal = api.admin.put(path, mine, **if_match(loaded_etag))
    latest = api.get(path)
    assert (refusal.status, refusal.code) == (412, "precondition_failed")
    assert refusal.error["field"] == "If-Match"
    assert refusal.error["details"][0]["nextStep"]
    assert refusal.json["stored"] == latest.json
    assert refusal.headers["etag"] == latest.headers["etag"]
    assert refusal.headers["cache-control"] == "no-store"
    assert api.admin.put(path, mine, **if_match(refusal.headers["etag"])).status == 200


@pytest.mark.parametrize(("path", "body"), [(ANN, {**RECORD, "phone": "1"}), (SETTINGS, {"memo": "1"})])
def test_a_saves_etag_is_the_one_for_the_next_save(
    path: str, body: dict[str, Any], api: ApiClient, ann: Response
) -> None:
    response = api.admin.put(path, body, **if_match(api.get(path).headers["etag"]))
    assert response.headers["etag"] == api.get(path).headers["etag"]
    assert api.admin.put(path, {}, **if_match(response.headers["etag"])).status == 200


@pytest.mark.parametrize(("path", "body"), [(ANN, {**RECORD, "phone": "1"}), (SETTINGS, {"memo": "1"})])
def test_a_save_repeated_after_a_lost_response_succeeds(
    path: str, body: dict[str, Any], api: ApiClient, ann: Response
) -> None:
    loaded_etag = if_match(api.get(path).headers["etag"])
    assert api.admin.put(path, body, **loaded_etag).status == 200
    assert api.admin.put(path, body, **loaded_etag).status == 200


def test_a_worker_that_creates_the_stripe_customer_causes_no_conflict(api: ApiClient, world: World) -> None:
    world.connect()
    response = api.put(ANN, RECORD)
    world.work()
    synced_customer = api.get(ANN)
    assert (response.json["syncStatus"], synced_customer.json["syncStatus"]) == ("pending", "synced")
    assert response.headers["etag"] != synced_customer.headers["etag"]
    assert api.put(ANN, {**RECORD, "phone": "1"}, **if_match(response.headers["etag"])).status == 200


def test_an_edit_in_the_stripe_dashboard_causes_a_conflict(api: ApiClient, world: World, ann: Response) -> None:
    stripe_id, account = ann.json["stripeCustomerId"], world.ports.connections.get(ORGANIZATION).account_id
    world.client.v1.customers.update(stripe_id, {"phone": "9"}, {"stripe_account": account})  # type: ignore[typeddict-item]
    world.deliver()
    refusal = api.put(ANN, {**RECORD, "phone": "1"}, **if_match(ann.headers["etag"]))
    assert (refusal.status, refusal.json["stored"]["phone"]) == (412, "9")


def test_a_colleagues_choice_of_stripe_customer_causes_a_conflict_before_and_after_linking(
    api: ApiClient, world: World, ann: Response
) -> None:
    account = world.ports.connections.get(ORGANIZATION).account_id
    other_stripe_customer = world.client.v1.customers.create({"email": "b@example.test"}, {"stripe_account": account})  # type: ignore[typeddict-item]
    chosen = api.put(ANN, {**RECORD, "stripeCustomerId": other_stripe_customer.id})
    assert chosen.status == 200
    assert api.put(ANN, {**RECORD, "phone": "1"}, **if_match(ann.headers["etag"])).status == 412
    world.work()
    assert api.get(ANN).json["stripeCustomerId"] == other_stripe_customer.id
    assert api.put(ANN, {**RECORD, "phone": "1"}, **if_match(ann.headers["etag"])).status == 412
    assert api.put(ANN, {**RECORD, "phone": "1"}, **if_match(chosen.headers["etag"])).status == 200


def test_any_etag_of_a_list_may_match_and_a_star_requires_that_the_resource_exists(
    api: ApiClient, ann: Response
) -> None:
    etag = ann.headers["etag"]
    for phone, form in enumerate((f"{NEVER_SEEN}, {{}}", "W/{}", "*")):
        response = api.put(ANN, {**RECORD, "phone": str(phone)}, **if_match(form.format(etag)))
        assert response.status == 200
        etag = response.headers["etag"]
    refusal = api.put("/customers/nobody", RECORD, **if_match("*"))
    assert (refusal.status, refusal.json["stored"]) == (412, None)
    assert "etag" not in refusal.headers
    assert "`stored`" not in refusal.error["nextStep"], "no stored object exists to compare with"
    assert api.get("/customers/nobody").status == 404


def test_without_a_condition_the_last_writer_wins(api: ApiClient, ann: Response) -> None:
    for phone in ("1", "2"):
        assert api.put(ANN, {**RECORD, "phone": phone}).status == 200
    assert api.get(ANN).json["phone"] == "2"


def test_a_body_that_breaks_a_rule_is_refused_whatever_the_condition(api: ApiClient, ann: Response) -> None:
    assert api.put(ANN, {**RECORD, "email": "no"}, **if_match(NEVER_SEEN)).status == 422
    assert api.admin.put(SETTINGS, {"timeZone": "Mars"}, **if_match(NEVER_SEEN)).status == 422


def test_an_etag_does_not_help_another_organization_or_role(api: ApiClient, ann: Response) -> None:
    tag = if_match(ann.headers["etag"])
    assert api.acting("member").put(ANN, RECORD, **tag).status == 403
    assert api.put(SETTINGS, {}, **if_match("*")).status == 403
    foreign = api.acting("billing", organization="org_green").put(ANN, RECORD, **tag)
    assert (foreign.status, foreign.json["stored"]) == (412, None)


@pytest.mark.parametrize("value", ["", "abc", "abc, def", '"abc', '"a" "b"', '"a",', "*, *", '"a\u00e9"', '"a b"'])
@pytest.mark.parametrize(("method", "name"), [("PUT", "If-Match"), ("GET", "If-None-Match")])
def test_a_malformed_header_is_named(method: str, name: str, value: str, api: ApiClient, ann: Response) -> None:
    body = RECORD if method == "PUT" else None
    response = api.call(method, ANN, body, headers={name: value})
    assert (response.status, response.code, response.error["field"]) == (400, "invalid_precondition", name)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", ANN, "If-Match"),
        ("PUT", ANN, "If-None-Match"),
        ("POST", f"{ANN}/sync", "If-Match"),
        ("DELETE", "/stripe/connection", "If-Match"),
    ],
)
def test_a_condition_that_would_be_ignored_is_refused(
    method: str, path: str, name: str, api: ApiClient, ann: Response
) -> None:
    body = RECORD if method == "PUT" else None
    response = api.admin.call(method, path, body, headers={name: "*"})
    assert (response.status, response.code, response.error["field"]) == (400, "invalid_precondition", name)


def test_a_wrong_condition_is_reported_together_with_the_other_errors(api: ApiClient) -> None:
    response = api.put(ANN, {"phone": 1}, **if_match("abc"))
    assert {each["field"] for each in response.error["details"]} == {"phone", "If-Match"}


def test_every_route_that_replaces_a_resource_accepts_if_match() -> None:
    for route in ROUTES:
        assert (route.reply_of_stored is not None) == (route.method == "PUT"), route.label


def test_every_response_with_content_has_an_etag(openapi: dict[str, Any]) -> None:
    """The ETag follows from the method, so no route can forget it. `tests/e2e/test_every_route.py` checks each
    route.
    """
    for path, method, operation in operations(openapi):
        headers = operation["responses"].get("200", {}).get("headers", {})
        assert ("ETag" in headers) == (method in VALIDATED and "200" in operation["responses"]), (method, path)
        assert ("304" in operation["responses"]) == (method == "GET" and "200" in operation["responses"])
        assert ("412" in operation["responses"]) == (method == "PUT")
        header_names = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        assert ("If-None-Match" in header_names) == (method == "GET" and "200" in operation["responses"])
        assert ("If-Match" in header_names) == (method == "PUT")


@pytest.mark.parametrize("path", [ANN, SETTINGS])
def test_a_refused_saves_response_matches_the_document(
    path: str, api: ApiClient, ann: Response, openapi: dict[str, Any]
) -> None:
    body = {**RECORD, "phone": "1"} if path == ANN else {"memo": "1"}
    template = path.replace("cust_1", "{customerId}")
    documented_response = openapi["paths"][f"/v1{template}"]["put"]["responses"]["412"]
    media = documented_response["content"]["application/json"]
    for response in (api.admin.put(path, body, **if_match(NEVER_SEEN)).json, media["example"]):
        Draft202012Validator({**media["schema"], "components": openapi["components"]}).validate(response)
        assert response["error"]["code"] == "precondition_failed"
        assert response["stored"] is not None
    assert "ETag" in documented_response["headers"]


@pytest.fixture
def openapi(api: ApiClient) -> dict[str, Any]:
    document: dict[str, Any] = api.get("/openapi.json").json
    return document


class Overtaking:
    """A store in which somebody else saves just before the next save."""

    def __init__(self, store: Any, first: Callable[[Any], None]) -> None:
        self._plain, self._first = store, first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def save(self, item: Any, *acts: Any) -> Any:
        first, self._first = self._first, lambda _: None
        first(self._plain)
        return self._plain.save(item, *acts)


def a_colleague_edits_the_customer(ports: Ports) -> Callable[[Any], None]:
    def edit(store: Any) -> None:
        current: Customer = get_customer(ORGANIZATION, "cust_1", ports)  # type: ignore[arg-type]
        store.save(current.edited(replace(current.profile, phone="9"), None, ports.clock.now()))

    return edit


def a_worker_notes_a_sync(ports: Ports) -> Callable[[Any], None]:
    def note(store: Any) -> None:
        store.save(replace(get_customer(ORGANIZATION, "cust_1", ports), synced_at=ports.clock.now()))  # type: ignore[arg-type]

    return note


def test_a_save_loses_to_a_colleague_who_saves_between_read_and_write(
    api: ApiClient, world: World, ann: Response
) -> None:
    world.ports.customers = Overtaking(world.ports.customers, a_colleague_edits_the_customer(world.ports))  # type: ignore[assignment]
    refusal = api.put(ANN, {**RECORD, "firstName": "Anna"}, **if_match(ann.headers["etag"]))
    assert (refusal.status, refusal.json["stored"]["phone"]) == (412, "9")
    assert api.get(ANN).json["firstName"] == "Ann"


def test_a_save_succeeds_although_a_worker_saves_between_read_and_write(
    api: ApiClient, world: World, ann: Response
) -> None:
    world.ports.customers = Overtaking(world.ports.customers, a_worker_notes_a_sync(world.ports))  # type: ignore[assignment]
    assert api.put(ANN, {**RECORD, "firstName": "Anna"}, **if_match(ann.headers["etag"])).status == 200


def test_a_colleagues_settings_saved_between_read_and_write_are_not_overwritten(api: ApiClient, world: World) -> None:
    loaded_etag = api.get(SETTINGS).headers["etag"]
    theirs = InvoicingSettings(ORGANIZATION, memo="theirs")
    world.ports.settings = Overtaking(world.ports.settings, lambda store: store.save(theirs))  # type: ignore[assignment]
    refusal = api.admin.put(SETTINGS, {"memo": "ours"}, **if_match(loaded_etag))
    assert (refusal.status, refusal.json["stored"]["memo"]) == (412, "theirs")
    assert json.loads(api.get(SETTINGS).text)["memo"] == "theirs"


def test_a_profile_has_the_same_etag_in_every_process() -> None:
    """A client may get an ETag from one Lambda and send it to the next."""
    customer = Customer(ORGANIZATION, "cust_1", Profile(first_name="Ann"), 1, 0, 0)  # type: ignore[arg-type]
    assert customer.edit_tag == replace(customer, edition=7, version=9, synced_at=5).edit_tag
    assert customer.edit_tag == EDIT_TAG_OF_ANN


EDIT_TAG_OF_ANN = "jcrxghzq5xfa6lzdm2rkosr5v4"

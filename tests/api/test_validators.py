"""What a client has it is not sent again, and what it has not seen it does not overwrite."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
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
from tests.api.client import Answer, ApiClient
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
def ann(api: ApiClient, world: World) -> Answer:
    """A customer that Stripe has, as GET answers it."""
    world.connect()
    assert api.put(ANN, RECORD).status == 200
    world.work()
    world.deliver()
    return api.get(ANN)


@pytest.mark.parametrize(
    "path", ["/apps", "/stripe/connection", SETTINGS, ANN, "/customers", "/summary", "/openapi.json"]
)
def test_what_has_not_changed_is_answered_with_304_and_no_body(path: str, api: ApiClient, ann: Answer) -> None:
    first = api.get(path)
    again = api.get(path, **if_none_match(first.headers["etag"]))
    assert (first.status, again.status, again.text) == (200, 304, "")
    assert again.headers == first.headers


def test_what_has_changed_is_answered_whole(api: ApiClient, ann: Answer) -> None:
    api.put(ANN, {**RECORD, "firstName": "Anna"})
    answer = api.get(ANN, **if_none_match(ann.headers["etag"]))
    assert (answer.status, answer.json["firstName"]) == (200, "Anna")
    assert answer.headers["etag"] != ann.headers["etag"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/"other"\t,  W/{}', "*"])
def test_a_tag_is_found_in_a_list_and_whether_weak_or_not(form: str, api: ApiClient, ann: Answer) -> None:
    assert api.get(ANN, **if_none_match(form.format(ann.headers["etag"]))).status == 304


@pytest.mark.parametrize("form", ['"other"', '""', '"*"'])
def test_another_tag_is_not_found(form: str, api: ApiClient, ann: Answer) -> None:
    assert api.get(ANN, **if_none_match(form)).status == 200


def test_a_table_and_json_have_tags_of_their_own(api: ApiClient) -> None:
    as_json = api.get("/payments")
    as_csv = api.get("/payments", headers={"Accept": "text/csv"})
    assert as_json.headers["etag"] != as_csv.headers["etag"]
    again = api.get("/payments", headers={"Accept": "text/csv", "If-None-Match": as_csv.headers["etag"]})
    assert (again.status, again.headers["content-type"]) == (304, as_csv.headers["content-type"])
    crossed = api.get("/payments", headers={"Accept": "text/csv", "If-None-Match": as_json.headers["etag"]})
    assert crossed.status == 200


def test_two_organizations_with_the_same_body_learn_nothing_of_each_other(api: ApiClient) -> None:
    """The tag names the body alone. 304 says that the caller's own body is the one that it has."""
    etag = api.get(SETTINGS).headers["etag"]
    other = api.acting("billing", organization="org_green")
    assert other.get(SETTINGS, **if_none_match(etag)).status == 304
    api.admin.put(SETTINGS, {"memo": "Thanks"})
    assert other.get(SETTINGS, **if_none_match(api.get(SETTINGS).headers["etag"])).status == 200


def test_a_tag_opens_nothing_to_those_who_may_not_read(api: ApiClient, ann: Answer) -> None:
    etag = ann.headers["etag"]
    assert api.acting("member").get(ANN, **if_none_match(etag)).status == 403
    assert api.get(ANN, token=None, **if_none_match(etag)).status == 401
    assert api.acting("billing", organization="org_green").get(ANN, **if_none_match("*")).status == 404


@pytest.mark.parametrize("path", [ANN, SETTINGS])
def test_of_two_who_loaded_the_same_one_saves_and_the_other_is_shown_both(
    path: str, api: ApiClient, ann: Answer
) -> None:
    theirs, mine = ({**RECORD, "phone": "1"}, {**RECORD, "phone": "2"})
    if path == SETTINGS:
        theirs, mine = {"memo": "1"}, {"memo": "2"}
    loaded = api.get(path).headers["etag"]
    assert api.admin.put(path, theirs, **if_match(loaded)).status == 200
    refused = api.admin.put(path, mine, **if_match(loaded))
    stored = api.get(path)
    assert (refused.status, refused.code) == (412, "precondition_failed")
    assert refused.error["field"] == "If-Match"
    assert refused.error["details"][0]["nextStep"]
    assert refused.json["stored"] == stored.json
    assert refused.headers["etag"] == stored.headers["etag"]
    assert refused.headers["cache-control"] == "no-store"
    assert api.admin.put(path, mine, **if_match(refused.headers["etag"])).status == 200


@pytest.mark.parametrize(("path", "body"), [(ANN, {**RECORD, "phone": "1"}), (SETTINGS, {"memo": "1"})])
def test_what_a_save_answers_is_the_tag_for_the_next_save(
    path: str, body: dict[str, Any], api: ApiClient, ann: Answer
) -> None:
    saved = api.admin.put(path, body, **if_match(api.get(path).headers["etag"]))
    assert saved.headers["etag"] == api.get(path).headers["etag"]
    assert api.admin.put(path, {}, **if_match(saved.headers["etag"])).status == 200


@pytest.mark.parametrize(("path", "body"), [(ANN, {**RECORD, "phone": "1"}), (SETTINGS, {"memo": "1"})])
def test_a_save_that_is_repeated_because_its_answer_was_lost_succeeds(
    path: str, body: dict[str, Any], api: ApiClient, ann: Answer
) -> None:
    loaded = if_match(api.get(path).headers["etag"])
    assert api.admin.put(path, body, **loaded).status == 200
    assert api.admin.put(path, body, **loaded).status == 200


def test_a_worker_that_gives_the_customer_to_stripe_is_no_conflict(api: ApiClient, world: World) -> None:
    world.connect()
    saved = api.put(ANN, RECORD)
    world.work()
    synced = api.get(ANN)
    assert (saved.json["syncStatus"], synced.json["syncStatus"]) == ("pending", "synced")
    assert saved.headers["etag"] != synced.headers["etag"]
    assert api.put(ANN, {**RECORD, "phone": "1"}, **if_match(saved.headers["etag"])).status == 200


def test_an_edit_in_the_stripe_dashboard_is_a_conflict(api: ApiClient, world: World, ann: Answer) -> None:
    stripe_id, account = ann.json["stripeCustomerId"], world.ports.connections.get(ORGANIZATION).account_id
    world.client.v1.customers.update(stripe_id, {"phone": "9"}, {"stripe_account": account})  # type: ignore[typeddict-item]
    world.deliver()
    refused = api.put(ANN, {**RECORD, "phone": "1"}, **if_match(ann.headers["etag"]))
    assert (refused.status, refused.json["stored"]["phone"]) == (412, "9")


def test_a_stripe_customer_that_a_colleague_chose_is_a_conflict_before_and_after_it_is_linked(
    api: ApiClient, world: World, ann: Answer
) -> None:
    account = world.ports.connections.get(ORGANIZATION).account_id
    other = world.client.v1.customers.create({"email": "b@example.test"}, {"stripe_account": account})  # type: ignore[typeddict-item]
    chosen = api.put(ANN, {**RECORD, "stripeCustomerId": other.id})
    assert chosen.status == 200
    assert api.put(ANN, {**RECORD, "phone": "1"}, **if_match(ann.headers["etag"])).status == 412
    world.work()
    assert api.get(ANN).json["stripeCustomerId"] == other.id
    assert api.put(ANN, {**RECORD, "phone": "1"}, **if_match(ann.headers["etag"])).status == 412
    assert api.put(ANN, {**RECORD, "phone": "1"}, **if_match(chosen.headers["etag"])).status == 200


def test_any_tag_of_several_will_do_and_a_star_means_that_there_is_something(api: ApiClient, ann: Answer) -> None:
    etag = ann.headers["etag"]
    for phone, form in enumerate((f"{NEVER_SEEN}, {{}}", "W/{}", "*")):
        saved = api.put(ANN, {**RECORD, "phone": str(phone)}, **if_match(form.format(etag)))
        assert saved.status == 200
        etag = saved.headers["etag"]
    refused = api.put("/customers/nobody", RECORD, **if_match("*"))
    assert (refused.status, refused.json["stored"]) == (412, None)
    assert "etag" not in refused.headers
    assert "`stored`" not in refused.error["nextStep"], "there is nothing to compare with"
    assert api.get("/customers/nobody").status == 404


def test_without_a_condition_the_last_writer_wins(api: ApiClient, ann: Answer) -> None:
    for phone in ("1", "2"):
        assert api.put(ANN, {**RECORD, "phone": phone}).status == 200
    assert api.get(ANN).json["phone"] == "2"


def test_a_body_that_breaks_a_rule_is_told_so_whatever_the_condition(api: ApiClient, ann: Answer) -> None:
    assert api.put(ANN, {**RECORD, "email": "no"}, **if_match(NEVER_SEEN)).status == 422
    assert api.admin.put(SETTINGS, {"timeZone": "Mars"}, **if_match(NEVER_SEEN)).status == 422


def test_another_organization_and_other_roles_get_no_further_with_a_tag(api: ApiClient, ann: Answer) -> None:
    tag = if_match(ann.headers["etag"])
    assert api.acting("member").put(ANN, RECORD, **tag).status == 403
    assert api.put(SETTINGS, {}, **if_match("*")).status == 403
    foreign = api.acting("billing", organization="org_green").put(ANN, RECORD, **tag)
    assert (foreign.status, foreign.json["stored"]) == (412, None)


@pytest.mark.parametrize("value", ["", "abc", "abc, def", '"abc', '"a" "b"', '"a",', "*, *", '"a\u00e9"', '"a b"'])
@pytest.mark.parametrize(("method", "name"), [("PUT", "If-Match"), ("GET", "If-None-Match")])
def test_a_header_that_cannot_be_read_is_named(
    method: str, name: str, value: str, api: ApiClient, ann: Answer
) -> None:
    body = RECORD if method == "PUT" else None
    answer = api.call(method, ANN, body, headers={name: value})
    assert (answer.status, answer.code, answer.error["field"]) == (400, "invalid_precondition", name)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", ANN, "If-Match"),
        ("PUT", ANN, "If-None-Match"),
        ("POST", f"{ANN}/sync", "If-Match"),
        ("DELETE", "/stripe/connection", "If-Match"),
    ],
)
def test_a_condition_that_would_not_be_looked_at_is_refused(
    method: str, path: str, name: str, api: ApiClient, ann: Answer
) -> None:
    body = RECORD if method == "PUT" else None
    answer = api.admin.call(method, path, body, headers={name: "*"})
    assert (answer.status, answer.code, answer.error["field"]) == (400, "invalid_precondition", name)


def test_a_wrong_condition_is_told_together_with_the_other_errors(api: ApiClient) -> None:
    answer = api.put(ANN, {"phone": 1}, **if_match("abc"))
    assert {each["field"] for each in answer.error["details"]} == {"phone", "If-Match"}


def test_every_route_that_replaces_a_thing_takes_if_match() -> None:
    for route in ROUTES:
        assert (route.shows is not None) == (route.method == "PUT"), route.label


def test_every_answer_that_shows_something_carries_a_tag(openapi: dict[str, Any]) -> None:
    """It follows from the method, so no route can forget it. `tests/e2e/test_every_route.py` asks each one."""
    for path, method, operation in operations(openapi):
        headers = operation["responses"].get("200", {}).get("headers", {})
        assert ("ETag" in headers) == (method in VALIDATED and "200" in operation["responses"]), (method, path)
        assert ("304" in operation["responses"]) == (method == "GET" and "200" in operation["responses"])
        assert ("412" in operation["responses"]) == (method == "PUT")
        taken = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        assert ("If-None-Match" in taken) == (method == "GET" and "200" in operation["responses"])
        assert ("If-Match" in taken) == (method == "PUT")


@pytest.mark.parametrize("path", [ANN, SETTINGS])
def test_a_refused_save_is_answered_as_the_document_says(
    path: str, api: ApiClient, ann: Answer, openapi: dict[str, Any]
) -> None:
    body = {**RECORD, "phone": "1"} if path == ANN else {"memo": "1"}
    template = path.replace("cust_1", "{customerId}")
    told = openapi["paths"][f"/v1{template}"]["put"]["responses"]["412"]
    media = told["content"]["application/json"]
    for answer in (api.admin.put(path, body, **if_match(NEVER_SEEN)).json, media["example"]):
        Draft202012Validator({**media["schema"], "components": openapi["components"]}).validate(answer)
        assert answer["error"]["code"] == "precondition_failed"
        assert answer["stored"] is not None
    assert "ETag" in told["headers"]


@pytest.fixture
def openapi(api: ApiClient) -> dict[str, Any]:
    document: dict[str, Any] = api.get("/openapi.json").json
    return document


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


class Overtaking:
    """A store in which somebody else is faster than the next save."""

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


def test_a_colleague_who_saves_between_our_read_and_our_write_wins(api: ApiClient, world: World, ann: Answer) -> None:
    world.ports.customers = Overtaking(world.ports.customers, a_colleague_edits_the_customer(world.ports))  # type: ignore[assignment]
    refused = api.put(ANN, {**RECORD, "firstName": "Anna"}, **if_match(ann.headers["etag"]))
    assert (refused.status, refused.json["stored"]["phone"]) == (412, "9")
    assert api.get(ANN).json["firstName"] == "Ann"


def test_a_worker_that_saves_between_our_read_and_our_write_is_in_nobodys_way(
    api: ApiClient, world: World, ann: Answer
) -> None:
    world.ports.customers = Overtaking(world.ports.customers, a_worker_notes_a_sync(world.ports))  # type: ignore[assignment]
    assert api.put(ANN, {**RECORD, "firstName": "Anna"}, **if_match(ann.headers["etag"])).status == 200


def test_settings_that_somebody_saves_between_our_read_and_our_write_are_theirs(api: ApiClient, world: World) -> None:
    loaded = api.get(SETTINGS).headers["etag"]
    theirs = InvoicingSettings(ORGANIZATION, memo="theirs")
    world.ports.settings = Overtaking(world.ports.settings, lambda store: store.save(theirs))  # type: ignore[assignment]
    refused = api.admin.put(SETTINGS, {"memo": "ours"}, **if_match(loaded))
    assert (refused.status, refused.json["stored"]["memo"]) == (412, "theirs")
    assert json.loads(api.get(SETTINGS).text)["memo"] == "theirs"


def test_a_profile_has_one_tag_in_every_process() -> None:
    """A tag that a client got from one Lambda is understood by the next."""
    customer = Customer(ORGANIZATION, "cust_1", Profile(first_name="Ann"), 1, 0, 0)  # type: ignore[arg-type]
    assert customer.edit_tag == replace(customer, edition=7, version=9, synced_at=5).edit_tag
    assert customer.edit_tag == EDIT_TAG_OF_ANN


EDIT_TAG_OF_ANN = "jcrxghzq5xfa6lzdm2rkosr5v4"

"""Histories over HTTP: each act has the user of its token, and no history contains another organization's acts."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

import app  # noqa: F401 registers the routes
from chalicelib.api.examples import EXAMPLES
from chalicelib.api.http.route_table import ROUTES
from chalicelib.api.models.acts import ConnectionHistory, CustomerHistory, SettingsHistory
from chalicelib.domain.acts import By, ConnectionAct, CustomerAct, Subject
from chalicelib.domain.identifiers import CustomerId
from chalicelib.usecases.acts.acting import act_now
from chalicelib.usecases.connecting.freeze import freeze
from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.world import ADMIN, OFFICE, ORGANIZATION, World

HISTORIES = ["/settings/invoicing/history", "/stripe/connection/history", "/customers/cust_1/history"]
PROFILE = {"firstName": "Ann", "email": "ann@example.test"}


def all_acts(world: World) -> list[Any]:
    return [act for acts_by_key in world.ports.database.acts.values() for act in acts_by_key.values()]


def connect_over_http(api: ApiClient, world: World) -> None:
    """Installs Stripe over HTTP, as the admin."""
    url = api.admin.post("/stripe/connection").json["authorizeUrl"]
    [state] = re.findall("state=([^&]+)", url)
    code = world.double.authorization_code(world.account())
    back = api.call("GET", f"/stripe/oauth/callback?state={state}&code={code}", token=None)
    [state] = re.findall("state=([^&]+)", back.headers["location"])
    assert api.admin.post("/stripe/connection/complete", body={"state": state}).status == 200


ACTS: dict[str, dict[str, Any] | None] = {
    "PUT /settings/invoicing": {"paymentTerms": "net_15"},
    "POST /stripe/connection": None,
    "POST /stripe/connection/test": None,
    "POST /stripe/connection/refresh": None,
    "DELETE /stripe/connection": None,
    "PUT /customers/cust_2": PROFILE,
    "POST /customers/cust_1/sync": None,
    "POST /customer-imports": {"customers": [{"id": "cust_3", **PROFILE}]},
}
"""Every request of a person that changes settings, a connection or customers, with a body that changes something."""

RECORDED_ELSEWHERE = re.compile("/(invoices|invoice-batches|payments|webhooks|connection/complete)(/|$)")
"""Requests whose acts are stored with the invoice, the batch or the refund itself; and `complete`, tested below."""


def test_every_request_that_changes_settings_connection_or_customers_is_classified() -> None:
    changing = [route for route in ROUTES if route.method != "GET" and not RECORDED_ELSEWHERE.search(route.path)]
    labels = {re.sub("{[^}]+}", "cust_1", route.label.replace("/v1", "")) for route in changing}
    erasing = {label for label in labels if label.startswith("DELETE /customers/")}
    assert labels - erasing == {label.replace("cust_2", "cust_1") for label in ACTS}


@pytest.mark.parametrize("request_line", ACTS)
def test_each_act_of_a_person_is_recorded_with_the_user_of_the_token(
    request_line: str, api: ApiClient, world: World
) -> None:
    connect_over_http(api, world)
    api.put("/customers/cust_1", body=PROFILE)
    acts_before = all_acts(world)
    method, path = request_line.split()
    body = ACTS[request_line]
    someone = api.acting("admin", user="user_someone")
    response = someone.call(method, path, **({"body": body} if body is not None else {}))
    assert response.status < 300, response.text
    world.work()
    [act] = [act for act in all_acts(world) if act not in acts_before]
    assert (act.actor, act.at, act.subject.organization_id) == ("user_someone", world.ports.clock.now(), ORGANIZATION)


def test_the_history_of_the_settings_names_who_changed_which_field_newest_first(api: ApiClient, world: World) -> None:
    api.admin.put("/settings/invoicing", body={"memo": "Thank you."})
    api.admin.put("/settings/invoicing", body={"memo": "Thank you.", "paymentWindow": 10})
    [second, first] = api.acting().get("/settings/invoicing/history").json["data"]
    assert (first["actor"], first["fields"], second["fields"]) == (ADMIN, ["memo"], ["paymentWindow"])
    assert (second["from"]["paymentWindow"], second["to"]["paymentWindow"]) == (None, 10)
    assert "Thank you" not in api.get("/settings/invoicing/history").text
    assert second.keys() == EXAMPLES[SettingsHistory]["data"][0].keys()
    assert second["to"].keys() == EXAMPLES[SettingsHistory]["data"][0]["to"].keys()


def test_the_history_of_the_connection_never_names_operations_staff(api: ApiClient, world: World) -> None:
    connect_over_http(api, world)
    freeze(ORGANIZATION, "kim", "drill", world.ports)
    response = api.acting().get("/stripe/connection/history")
    assert [(each["kind"], each["by"], each["actor"]) for each in response.json["data"]] == [
        ("invoicing_paused", "operations", None),
        ("connected", "user", ADMIN),
        ("access_granted", "stripe", None),
        ("connect_begun", "user", ADMIN),
    ]
    assert "kim" not in response.text
    assert response.json["data"][0].keys() == EXAMPLES[ConnectionHistory]["data"][0].keys()


def test_the_history_of_a_customer_has_fields_and_no_values(api: ApiClient, world: World) -> None:
    api.put("/customers/cust_1", body=PROFILE)
    response = api.get("/customers/cust_1/history")
    [entry] = response.json["data"]
    assert (entry["kind"], entry["by"], entry["actor"]) == ("saved", "user", OFFICE)
    assert entry["fields"] == ["email", "name"]
    assert "ann" not in response.text.lower()
    assert entry.keys() == EXAMPLES[CustomerHistory]["data"][0].keys()
    assert api.acting().get("/customers/cust_1/history").status == 403


def test_a_history_is_read_page_by_page(api: ApiClient, world: World) -> None:
    for days in range(1, 6):
        api.admin.put("/settings/invoicing", body={"paymentWindow": days})
        world.ports.clock.advance(1)
    entries, cursor, has_next = [], "", True
    while has_next:
        page = api.get(f"/settings/invoicing/history?first=2{cursor}").json
        entries += [each["to"]["paymentWindow"] for each in page["data"]]
        cursor, has_next = f"&after={page['pageInfo']['endCursor']}", page["pageInfo"]["hasNextPage"]
    assert entries == [5, 4, 3, 2, 1]
    assert api.get(f"/stripe/connection/history?first=2{cursor}").code == "cursor_invalid"


@pytest.mark.parametrize("path", HISTORIES)
def test_another_organization_cannot_read_any_of_the_data(path: str, api: ApiClient, world: World) -> None:
    connect_over_http(api, world)
    api.admin.put("/settings/invoicing", body={"paymentWindow": 3})
    api.put("/customers/cust_1", body=PROFILE)
    assert api.get(path).json["data"]
    other_organization = api.acting("admin", organization=OTHER_ORGANIZATION).get(path)
    if path.startswith("/customers/"):
        assert (other_organization.status, other_organization.code) == (404, "customer_not_found")
    else:
        assert other_organization.json["data"] == []


def test_an_act_of_a_later_release_is_returned_after_a_rollback(api: ApiClient, world: World) -> None:
    api.put("/customers/cust_1", body=PROFILE)
    for subject in (Subject.connection_of(ORGANIZATION), Subject.customer_of(ORGANIZATION, CustomerId("cust_1"))):
        world.ports.acts.add(act_now(subject, "moved", world.ports, actor=OFFICE))
    for path, kinds in ((HISTORIES[1], ConnectionAct), (HISTORIES[2], CustomerAct)):
        newest = api.get(path).json["data"][0]
        assert (newest["kind"], newest["by"]) == (kinds.OTHER, By.USER)


@pytest.mark.parametrize("model", [SettingsHistory, ConnectionHistory, CustomerHistory])
def test_the_examples_match_the_model(model: type[msgspec.Struct]) -> None:
    assert msgspec.convert(EXAMPLES[model], model)

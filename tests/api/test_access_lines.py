"""Each request has a log line for auditors, with its user id and network and without personal data."""

from __future__ import annotations

import pytest
from chalice.local import LambdaEventConverter

from chalicelib.domain.caller import user_in_logs
from infra.template.queries import QUERIES
from tests.api.client import ApiClient
from tests.api.test_correlation import Lines, lines
from tests.world import ORGANIZATION

__all__ = ["lines"]

ADDRESS = "203.0.113.77"
ANN = "ann.lee@example.test"


@pytest.fixture(autouse=True)
def from_an_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LambdaEventConverter, "LOCAL_SOURCE_IP", ADDRESS)


@pytest.mark.parametrize(
    ("method", "path", "roles", "status"),
    [
        ("GET", "/apps", ("billing",), 200),
        ("GET", "/invoices/inv_unknown", ("billing",), 404),
        ("POST", "/stripe/connection", ("billing",), 403),
        ("GET", "/invoices?unknown=1", ("billing",), 400),
    ],
)
def test_each_request_is_logged_with_its_user_and_network_even_if_it_is_refused(
    api: ApiClient, lines: Lines, method: str, path: str, roles: tuple[str, ...], status: int
) -> None:
    ann = api.acting(*roles, user=ANN)
    assert ann.call(method, path, headers={"X-Forwarded-For": "198.51.100.9"}).status == status
    line = lines.last("request")
    assert line["organization_id"] == ORGANIZATION
    assert line["user"] == user_in_logs(ORGANIZATION, ANN)
    assert line["network"] == "203.0.113.0/24"
    assert line["status"] == status
    for personal_value in (ADDRESS, ANN, "ann.lee", "198.51.100"):
        assert personal_value not in lines.text


def test_a_request_without_a_user_is_logged_with_its_network(api: ApiClient, lines: Lines) -> None:
    assert api.call("GET", "/openapi.json", token=None).status == 200
    line = lines.last("request")
    assert line["network"] == "203.0.113.0/24"
    assert not {"user", "organization_id"} & line.keys()


def test_the_auditors_saved_query_selects_fields_that_log_lines_have(api: ApiClient, lines: Lines) -> None:
    [query] = (each for each in QUERIES if each.name == "who-asked-for-what")
    queried_fields = query.text.partition("\n")[0].removeprefix("fields @timestamp, ").split(", ")
    api.get("/apps")
    assert {"user", "network", "route", "status", "request_id"} <= lines.last("request").keys() & set(queried_fields)

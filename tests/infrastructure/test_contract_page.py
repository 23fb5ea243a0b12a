"""The page about the contract agrees with the API."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chalicelib.api import blueprints
from chalicelib.api.http.decoding import MAX_KEY
from chalicelib.api.http.error_codes import ERROR_CODES
from chalicelib.api.http.route_table import KIB, MAX_BODY, MAX_BULK, ROUTES, Role
from chalicelib.api.models.queries import MAX_ROWS, ROWS
from infra.contract.document import API
from infra.contract.schemas import COMPLETE_SETS

assert blueprints
PAGE = API.file.with_name("contract.md").read_text()
TEXT = " ".join(PAGE.split())
CLIENT_PACKAGES = Path(__file__).parents[1] / "clients/package.json"


def test_every_route_on_the_page_exists() -> None:
    routes_on_page = set(re.findall(r"`((?:GET|PUT|POST|DELETE) /v1/[^`]*)`", PAGE))
    assert routes_on_page
    assert routes_on_page <= {route.label for route in ROUTES}


def test_the_generators_on_the_page_have_the_versions_that_are_tested() -> None:
    tested_versions = json.loads(CLIENT_PACKAGES.read_text())["devDependencies"]
    versions_on_page = re.findall(r"-p (\S+)@([\d.]+) ", PAGE)
    assert len(versions_on_page) == 4
    assert [name for name, version in versions_on_page if tested_versions[name] != version] == []


def test_every_route_without_a_token_is_on_the_page() -> None:
    assert [route.label for route in ROUTES if route.role is Role.PUBLIC and route.path not in PAGE] == []


def test_the_page_says_what_to_do_about_every_error_status() -> None:
    [table] = re.findall(r"\| status \| what the client should do \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE)
    statuses_on_page = {
        int(status) for cells in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for status in cells.split(",")
    }
    # A generated client never uses a method that an address does not have.
    assert set(ERROR_CODES) - {405} <= statuses_on_page


@pytest.mark.parametrize("name", sorted(COMPLETE_SETS))
def test_the_page_names_each_closed_set_of_values(name: str) -> None:
    assert f"`{name}`" in TEXT
    assert "enum" in API.current()["components"]["schemas"][name]


@pytest.mark.parametrize(
    "text",
    [
        f"{ROWS} if it is left out",
        f"at most {MAX_ROWS:,} of payments",
        f"{MAX_BODY // KIB} KiB, and {MAX_BULK // KIB // KIB} MiB",
        f"1 to {MAX_KEY} printable characters",
    ],
)
def test_the_limits_on_the_page_are_those_of_the_code(text: str) -> None:
    assert text in TEXT

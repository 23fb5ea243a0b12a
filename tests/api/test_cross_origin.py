"""Pages of POM may read responses in a browser. Development stages can allow additional origins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib import bootstrap
from chalicelib.config import ConfigurationError, load_config
from infra.local.settings import Ports, Urls, environment
from tests.api.client import ApiClient
from tests.api.conftest import CONFIG

POM = "https://pom.example.test"
LAPTOP = "http://localhost:5173"
PREVIEW = "https://preview.example.test"


@pytest.fixture
def in_development(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> ApiClient:
    monkeypatch.setattr(bootstrap, "config", lambda: replace(CONFIG, development_origins=(LAPTOP, PREVIEW)))
    return api


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [(LAPTOP, LAPTOP), (PREVIEW, PREVIEW), (POM, POM), ("http://evil.example", POM), ("*", POM)],
)
def test_a_page_of_a_listed_origin_may_read_every_response_and_other_pages_may_not(
    in_development: ApiClient, origin: str, is_allowed: str
) -> None:
    for path in ("/apps", "/invoices?first=0"):
        headers = in_development.get(path, headers={"Origin": origin}).headers
        assert (headers["access-control-allow-origin"], headers["vary"]) == (is_allowed, "Origin")
        assert {"ETag", "Link", "Retry-After"} == set(headers["access-control-expose-headers"].split(", "))


def test_a_not_modified_response_can_be_read_by_the_page_too(in_development: ApiClient) -> None:
    etag = in_development.get("/apps").headers["etag"]
    response = in_development.get("/apps", headers={"Origin": LAPTOP, "If-None-Match": etag})
    assert (response.status, response.headers["access-control-allow-origin"]) == (304, LAPTOP)


def test_without_a_list_only_pages_of_pom_may_read(api: ApiClient) -> None:
    assert api.get("/apps", headers={"Origin": LAPTOP}).headers["access-control-allow-origin"] == POM


def settings_with_origins(stage: str, origins: str) -> tuple[str, ...]:
    variables = environment(Urls.of(Ports()))
    return load_config({**variables, "POM_STAGE": stage, "DEVELOPMENT_ORIGINS": origins}).development_origins


def test_the_list_of_origins_is_separated_by_commas_and_may_be_empty() -> None:
    assert settings_with_origins("dev", f"{LAPTOP}, {PREVIEW},") == (LAPTOP, PREVIEW)
    assert settings_with_origins("dev", "") == settings_with_origins("prod", "") == ()


def test_production_does_not_start_with_additional_origins() -> None:
    with pytest.raises(ConfigurationError, match="not for production"):
        settings_with_origins("prod", LAPTOP)


@pytest.mark.parametrize("origin", ["*", "localhost:5173", f"{LAPTOP}/", "http://a b", "null"])
def test_a_stage_does_not_start_with_an_invalid_origin(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="no origin"):
        settings_with_origins("dev", f"{PREVIEW},{origin},")

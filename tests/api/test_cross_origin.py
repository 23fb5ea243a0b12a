"""Which pages may read answers in a browser: POM's, and in a development stage those of a list of further origins."""

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
    ("origin", "allowed"),
    [(LAPTOP, LAPTOP), (PREVIEW, PREVIEW), (POM, POM), ("http://evil.example", POM), ("*", POM)],
)
def test_a_page_of_a_listed_origin_may_read_every_answer_and_another_may_not(
    in_development: ApiClient, origin: str, allowed: str
) -> None:
    for path in ("/apps", "/invoices?first=0"):
        headers = in_development.get(path, headers={"Origin": origin}).headers
        assert (headers["access-control-allow-origin"], headers["vary"]) == (allowed, "Origin")
        assert {"ETag", "Link", "Retry-After"} == set(headers["access-control-expose-headers"].split(", "))


def test_what_has_not_changed_can_be_read_by_the_page_too(in_development: ApiClient) -> None:
    etag = in_development.get("/apps").headers["etag"]
    answer = in_development.get("/apps", headers={"Origin": LAPTOP, "If-None-Match": etag})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (304, LAPTOP)


def test_without_a_list_only_pages_of_pom_may_read(api: ApiClient) -> None:
    assert api.get("/apps", headers={"Origin": LAPTOP}).headers["access-control-allow-origin"] == POM


def configured(stage: str, origins: str) -> tuple[str, ...]:
    variables = environment(Urls.of(Ports()))
    return load_config({**variables, "POM_STAGE": stage, "DEVELOPMENT_ORIGINS": origins}).development_origins


def test_the_list_has_commas_and_may_be_empty() -> None:
    assert configured("dev", f"{LAPTOP}, {PREVIEW},") == (LAPTOP, PREVIEW)
    assert configured("dev", "") == configured("prod", "") == ()


def test_production_does_not_start_with_further_origins() -> None:
    with pytest.raises(ConfigurationError, match="not for production"):
        configured("prod", LAPTOP)


@pytest.mark.parametrize("origin", ["*", "localhost:5173", f"{LAPTOP}/", "http://a b", "null"])
def test_a_stage_does_not_start_with_what_is_no_origin(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="no origin"):
        configured("dev", f"{PREVIEW},{origin},")

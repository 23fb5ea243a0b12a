"""Fixtures of the API tests. Everything is real except the stores, the clock and Stripe, which are in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chalice.app import Chalice

from chalicelib import bootstrap, observability
from chalicelib.adapters.tokens import KeySet, TokenVerifier
from chalicelib.config import Config
from chalicelib.functions import Queue
from tests.api.client import ApiClient
from tests.api.tokens import CONFIG as TOKENS
from tests.api.tokens import Issuer, jwks, public_jwk
from tests.world import World

SETTINGS_URL = "https://pom.example.test/settings/apps"
CONFIG = Config(
    stage="test",
    table_prefix="test",
    queue_urls={queue: f"http://sqs.test/{queue}" for queue in Queue},
    secret_ids={},
    stripe_api_base="https://api.stripe.test",
    stripe_connect_base="https://connect.stripe.test",
    stripe_dashboard_base="https://dashboard.stripe.com",
    public_api_url="https://api.example.test",
    pom_settings_url=SETTINGS_URL,
    event_bus_name="test-changes",
    unpublished_changes_queue_url="http://sqs.test/unpublished-changes",
)


@pytest.fixture(autouse=True)
def _quiet_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")


@pytest.fixture(scope="session")
def app() -> Chalice:
    from app import app as application

    return application


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    test_world = World()
    verifier = TokenVerifier(TOKENS, KeySet(TOKENS.jwks_url, fetch=lambda _: jwks(public_jwk())))
    monkeypatch.setattr(bootstrap, "ports", lambda: test_world.ports)
    monkeypatch.setattr(bootstrap, "webhook_opener", lambda: test_world.opener)
    monkeypatch.setattr(bootstrap, "config", lambda: CONFIG)
    monkeypatch.setattr(bootstrap, "token_verifier", lambda: verifier)
    return test_world


@pytest.fixture
def api(app: Chalice, world: World) -> ApiClient:
    """Returns a client with the role billing."""
    return ApiClient(app, Issuer())


@pytest.fixture
def account(world: World) -> str:
    """Returns the Stripe account of a connected organization with a customer."""
    account = world.connect()
    world.customer()
    return account


@pytest.fixture
def office(api: ApiClient, account: str) -> ApiClient:
    """Returns a client of a connected organization with a customer."""
    return api


@pytest.fixture
def emitted_metrics(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Returns a function that returns the metrics emitted since its last call."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    monkeypatch.setattr(observability, "_cold", False)

    def read() -> list[dict[str, Any]]:
        lines = capsys.readouterr().out.splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"_aws"')]

    return read

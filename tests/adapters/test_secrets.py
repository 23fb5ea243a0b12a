"""The platform's key and the webhook secrets: they are fetched on first use, cached, and part of no message."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters.secrets import (
    FRESH_FOR,
    RETRY_AFTER,
    PlatformSecret,
    SecretStore,
    WebhookSecrets,
    WebhookSecretStore,
)
from chalicelib.config import ConfigurationError
from chalicelib.domain.errors import Retryable
from infra.local.aws import embedded_aws
from tests.fakes import FakeClock

PLATFORM = {"apiKey": "sk_test_1", "clientId": "ca_1"}
WEBHOOK = {"webhookSecrets": ["whsec_1", "whsec_2"]}
ONE_SECRET = {**PLATFORM, **WEBHOOK}
"""How releases before 2026-11-29 stored both."""
NAME = "pom-stripe/test"


@pytest.fixture(autouse=True)
def secrets_manager() -> Iterator[None]:
    with embedded_aws():
        boto3.client("secretsmanager").create_secret(Name=NAME, SecretString=json.dumps(WEBHOOK))
        yield


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> WebhookSecretStore:
    return WebhookSecretStore(NAME, clock)


@pytest.fixture
def platform(clock: FakeClock) -> SecretStore[PlatformSecret]:
    return SecretStore(NAME, PlatformSecret, clock)


def put_secret(text: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=text)


def outage(store: WebhookSecretStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Makes Secrets Manager unreachable. Returns a list that grows by one with each attempt to reach it."""
    attempts: list[int] = []

    def unreachable(**_: object) -> None:
        attempts.append(1)
        raise EndpointConnectionError(endpoint_url="https://secretsmanager")

    monkeypatch.setattr(store._client, "get_secret_value", unreachable)
    return attempts


def test_webhook_secrets_are_read_into_a_typed_value(store: WebhookSecretStore) -> None:
    assert store.value() == WebhookSecrets(("whsec_1", "whsec_2"))


@pytest.mark.parametrize("content", [PLATFORM, ONE_SECRET])
def test_the_platforms_key_is_read_from_its_own_secret_and_from_the_former_common_one(
    platform: SecretStore[PlatformSecret], content: dict[str, object]
) -> None:
    put_secret(json.dumps(content))
    assert platform.value() == PlatformSecret("sk_test_1", "ca_1")


def test_webhook_secrets_are_read_from_the_former_common_secret(store: WebhookSecretStore) -> None:
    put_secret(json.dumps(ONE_SECRET))
    assert store.value() == WebhookSecrets(("whsec_1", "whsec_2"))


def test_the_wrong_secret_is_refused(store: WebhookSecretStore, platform: SecretStore[PlatformSecret]) -> None:
    with pytest.raises(ConfigurationError, match=r'is not of the form \{"apiKey", "clientId"\}'):
        platform.value()
    put_secret(json.dumps(PLATFORM))
    with pytest.raises(ConfigurationError, match=r'is not of the form \{"webhookSecrets": \[…\]\}'):
        store.value()


def test_secrets_are_fetched_on_first_use_and_cached_while_fresh(store: WebhookSecretStore, clock: FakeClock) -> None:
    assert "_client" not in vars(store)
    first = store.value()
    put_secret(json.dumps({"webhookSecrets": ["whsec_3"]}))
    clock.advance(FRESH_FOR - 1)
    assert store.value() is first


def test_a_changed_secret_is_used_once_the_cached_one_is_no_longer_fresh(
    store: WebhookSecretStore, clock: FakeClock
) -> None:
    store.value()
    put_secret(json.dumps({"webhookSecrets": ["whsec_2", "whsec_3"]}))
    clock.advance(FRESH_FOR)
    assert store.value().webhook_secrets == ("whsec_2", "whsec_3")


def test_the_last_good_value_is_used_during_an_outage_that_is_logged_and_retried_rarely(
    store: WebhookSecretStore,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = store.value()
    attempts = outage(store, monkeypatch)
    clock.advance(FRESH_FOR)
    with caplog.at_level(logging.WARNING):
        assert [store.value() for _ in range(3)] == [good] * 3
    assert len(attempts) == 1
    assert "secret_refresh_failed: EndpointConnectionError" in caplog.text
    clock.advance(RETRY_AFTER)
    store.value()
    assert len(attempts) == 2


def test_an_outage_before_the_first_fetch_is_retryable(
    store: WebhookSecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage(store, monkeypatch)
    for _ in range(2):
        with pytest.raises(Retryable) as exc_info:
            store.value()
        assert exc_info.value.code == "secrets_unavailable"
        assert isinstance(exc_info.value.__cause__, EndpointConnectionError)


def test_a_refusal_of_secrets_manager_is_retryable_too(
    store: WebhookSecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue")

    monkeypatch.setattr(store._client, "get_secret_value", denied)
    with pytest.raises(Retryable):
        store.value()


def test_a_missing_secret_is_a_configuration_error(clock: FakeClock) -> None:
    with pytest.raises(ConfigurationError, match="pom-stripe/other"):
        WebhookSecretStore("pom-stripe/other", clock).value()


@pytest.mark.parametrize(
    "text", ["whsec_secret", "{}", '{"webhookSecrets": 1}', json.dumps({"webhookSecrets": "whsec_secret"})]
)
def test_a_secret_of_another_form_is_a_configuration_error_that_quotes_no_secret(
    store: WebhookSecretStore, text: str
) -> None:
    put_secret(text)
    with pytest.raises(ConfigurationError) as exc_info:
        store.value()
    assert "secret" not in str(exc_info.value).replace("The secret pom", "").replace("webhookSecrets", "")
    assert "whsec" not in repr(exc_info.value.__cause__)


def test_a_broken_change_does_not_replace_a_working_secret(store: WebhookSecretStore, clock: FakeClock) -> None:
    good = store.value()
    put_secret("broken")
    clock.advance(FRESH_FOR)
    assert store.value() == good


def test_secrets_are_not_part_of_a_repr() -> None:
    for secret in (PlatformSecret("sk_test_1", "ca_1"), WebhookSecrets(("whsec_1",))):
        for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}"):
            assert "sk_test" not in text
            assert "whsec" not in text


def test_webhook_secrets_are_replaced_and_other_entries_of_the_secret_stay(store: WebhookSecretStore) -> None:
    put_secret(json.dumps({**ONE_SECRET, "note": "of the year 2026"}))
    store.replace(["whsec_3", "whsec_1"])
    text = boto3.client("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"]
    assert json.loads(text) == {**ONE_SECRET, "note": "of the year 2026", "webhookSecrets": ["whsec_3", "whsec_1"]}
    assert store.latest().webhook_secrets == ("whsec_3", "whsec_1")


def test_a_refused_write_raises_the_message_of_aws(
    store: WebhookSecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutSecretValue")

    monkeypatch.setattr(store._client, "put_secret_value", refuses)
    with pytest.raises(ClientError, match="AccessDenied"):
        store.replace(["whsec_3"])

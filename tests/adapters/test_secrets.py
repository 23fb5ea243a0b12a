"""The platform's secrets: fetched late, kept a while, shown to nobody."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.adapters.secrets import FRESH_FOR, RETRY_AFTER, SecretStore, StripeSecrets
from chalicelib.config import ConfigurationError
from chalicelib.domain.errors import Retryable
from infra.local.aws import embedded_aws
from tests.fakes import FakeClock

GOOD = {"apiKey": "sk_test_1", "clientId": "ca_1", "webhookSecrets": ["whsec_1", "whsec_2"]}
NAME = "pom-stripe/test"


@pytest.fixture(autouse=True)
def secrets_manager() -> Iterator[None]:
    with embedded_aws():
        boto3.client("secretsmanager").create_secret(Name=NAME, SecretString=json.dumps(GOOD))
        yield


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> SecretStore:
    return SecretStore(NAME, clock)


def put(text: str) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString=text)


def outage(store: SecretStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Secrets Manager is unreachable from now on; counts the attempts."""
    attempts: list[int] = []

    def unreachable(**_: object) -> None:
        attempts.append(1)
        raise EndpointConnectionError(endpoint_url="https://secretsmanager")

    monkeypatch.setattr(store._client, "get_secret_value", unreachable)
    return attempts


def test_the_secret_is_read_into_a_typed_value(store: SecretStore) -> None:
    assert store.stripe() == StripeSecrets("sk_test_1", "ca_1", ("whsec_1", "whsec_2"))


def test_nothing_is_fetched_before_it_is_needed_nor_again_while_it_is_fresh(
    store: SecretStore, clock: FakeClock
) -> None:
    assert "_client" not in vars(store)
    first = store.stripe()
    put(json.dumps({**GOOD, "apiKey": "sk_test_2"}))
    clock.advance(FRESH_FOR - 1)
    assert store.stripe() is first


def test_a_changed_secret_is_taken_up_when_the_old_one_is_no_longer_fresh(
    store: SecretStore, clock: FakeClock
) -> None:
    store.stripe()
    put(json.dumps({**GOOD, "webhookSecrets": ["whsec_2", "whsec_3"]}))
    clock.advance(FRESH_FOR)
    assert store.stripe().webhook_secrets == ("whsec_2", "whsec_3")


def test_the_last_good_value_is_used_through_an_outage_which_is_logged_and_asked_about_rarely(
    store: SecretStore,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    good = store.stripe()
    attempts = outage(store, monkeypatch)
    clock.advance(FRESH_FOR)
    with caplog.at_level(logging.WARNING):
        assert [store.stripe() for _ in range(3)] == [good] * 3
    assert len(attempts) == 1
    assert "secret_refresh_failed: EndpointConnectionError" in caplog.text
    clock.advance(RETRY_AFTER)
    store.stripe()
    assert len(attempts) == 2


def test_an_outage_before_the_first_fetch_is_retryable(store: SecretStore, monkeypatch: pytest.MonkeyPatch) -> None:
    outage(store, monkeypatch)
    for _ in range(2):
        with pytest.raises(Retryable) as refused:
            store.stripe()
        assert refused.value.code == "secrets_unavailable"
        assert isinstance(refused.value.__cause__, EndpointConnectionError)


def test_a_refusal_of_secrets_manager_is_retryable_too(store: SecretStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue")

    monkeypatch.setattr(store._client, "get_secret_value", denied)
    with pytest.raises(Retryable):
        store.stripe()


def test_a_missing_secret_is_a_fault_of_the_configuration(clock: FakeClock) -> None:
    with pytest.raises(ConfigurationError, match="pom-stripe/other"):
        SecretStore("pom-stripe/other", clock).stripe()


@pytest.mark.parametrize(
    "text", ["sk_test_secret", "{}", '{"apiKey": 1}', json.dumps({**GOOD, "webhookSecrets": "whsec_secret"})]
)
def test_a_secret_of_another_form_is_a_fault_of_the_configuration_that_shows_no_secret(
    store: SecretStore, text: str
) -> None:
    put(text)
    with pytest.raises(ConfigurationError) as refused:
        store.stripe()
    assert "secret" not in str(refused.value).replace("The secret pom", "").replace("webhookSecrets", "")
    assert "whsec" not in repr(refused.value.__cause__)


def test_a_broken_change_does_not_break_what_runs(store: SecretStore, clock: FakeClock) -> None:
    good = store.stripe()
    put("broken")
    clock.advance(FRESH_FOR)
    assert store.stripe() == good


def test_secrets_do_not_show_themselves() -> None:
    secrets = StripeSecrets("sk_test_1", "ca_1", ("whsec_1",))
    for text in (repr(secrets), str(secrets), f"{secrets}", f"{[secrets]}"):
        assert "sk_test" not in text
        assert "whsec" not in text


def test_webhook_secrets_are_replaced_and_all_else_in_the_secret_stays(store: SecretStore) -> None:
    put(json.dumps({**GOOD, "note": "of the year 2026"}))
    store.replace_webhook_secrets(["whsec_3", "whsec_1"])
    text = boto3.client("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"]
    assert json.loads(text) == {**GOOD, "note": "of the year 2026", "webhookSecrets": ["whsec_3", "whsec_1"]}
    assert store.latest().webhook_secrets == ("whsec_3", "whsec_1")


def test_whoever_may_not_write_the_secret_is_told_awss_own_reason(
    store: SecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutSecretValue")

    monkeypatch.setattr(store._client, "put_secret_value", refuses)
    with pytest.raises(ClientError, match="AccessDenied"):
        store.replace_webhook_secrets(["whsec_3"])

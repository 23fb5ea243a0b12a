"""The age of each secret, as read from Secrets Manager."""

from __future__ import annotations

import datetime as dt
import logging

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.adapters.secret_ages import DAY, SecretAges
from chalicelib.functions import Secret
from infra.local.aws import embedded_aws
from tests.fakes import FakeClock

IDS = {Secret.PLATFORM: "stripe-platform", Secret.WEBHOOK: "stripe-webhook"}
NOW = 1_790_000_000


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def version(label: str, days_ago: int) -> dict[str, object]:
    stored_at = dt.datetime.fromtimestamp(NOW - days_ago * DAY, dt.UTC)
    return {"VersionId": f"{label}-{'0' * 32}", "VersionStages": [label], "CreatedDate": stored_at}


def test_the_age_is_that_of_the_current_version() -> None:
    ages = SecretAges(IDS, FakeClock(NOW))
    with Stubber(ages._client) as aws:
        platform = [version("AWSPREVIOUS", 400), version("AWSCURRENT", 91)]
        aws.add_response("list_secret_version_ids", {"Versions": platform}, {"SecretId": "stripe-platform"})
        webhook = [version("AWSCURRENT", 0), version("AWSPENDING", 0)]
        aws.add_response("list_secret_version_ids", {"Versions": webhook}, {"SecretId": "stripe-webhook"})
        assert ages.days() == {Secret.PLATFORM: 91, Secret.WEBHOOK: 0}


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "InternalServiceError"])
def test_a_secret_that_cannot_be_read_has_an_unknown_age_and_the_other_is_still_reported(
    code: str, caplog: pytest.LogCaptureFixture
) -> None:
    ages = SecretAges(IDS, FakeClock(NOW))
    ages._client.meta.events.register(
        "before-send.secretsmanager.*", lambda **_: pytest.fail("a request went to the network")
    )
    with Stubber(ages._client) as aws, caplog.at_level(logging.ERROR):
        aws.add_client_error("list_secret_version_ids", code, "arn:aws:secretsmanager:…")
        aws.add_response("list_secret_version_ids", {"Versions": [version("AWSCURRENT", 7)]})
        assert ages.days() == {Secret.PLATFORM: None, Secret.WEBHOOK: 7}
    assert f"secret_age_unknown: platform, {code}" in caplog.text
    assert "arn:" not in caplog.text


def test_a_secret_without_a_value_has_no_age() -> None:
    ages = SecretAges(IDS, FakeClock(NOW))
    with Stubber(ages._client) as aws:
        aws.add_response("list_secret_version_ids", {"Versions": []})
        aws.add_response("list_secret_version_ids", {"Versions": [version("AWSPREVIOUS", 3)]})
        assert ages.days() == {Secret.PLATFORM: None, Secret.WEBHOOK: None}


def test_a_rotation_restarts_the_age_and_a_tag_does_not() -> None:
    with embedded_aws():
        secrets = boto3.client("secretsmanager")
        for name in IDS.values():
            secrets.create_secret(Name=name, SecretString="first")
        stored_at = secrets.list_secret_version_ids(SecretId="stripe-platform")["Versions"][0]["CreatedDate"]
        later = FakeClock(int(stored_at.timestamp()) + 100 * DAY + 5)
        ages = SecretAges(IDS, later)
        assert ages.days() == {Secret.PLATFORM: 100, Secret.WEBHOOK: 100}
        secrets.tag_resource(SecretId="stripe-platform", Tags=[{"Key": "team", "Value": "billing"}])
        assert ages.days()[Secret.PLATFORM] == 100

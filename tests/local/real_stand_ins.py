"""Fixtures over the real stand-ins; a `conftest.py` uses them by `from tests.local.real_stand_ins import *`.

Each server starts once a session. Where one cannot be had, tests that ask for it are skipped with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local import real

__all__ = ["dynamodb_local_url", "elasticmq_url", "real_aws", "stripe_mock_url"]


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    """The endpoint of a DynamoDB Local that holds nothing at the start of the session."""
    try:
        with real.dynamodb_local() as url:
            yield url
    except real.Unavailable as error:
        pytest.skip(f"DynamoDB Local {error}")


@pytest.fixture(scope="session")
def elasticmq_url() -> Iterator[str]:
    """The endpoint of an ElasticMQ without queues at the start of the session."""
    try:
        with real.elasticmq() as url:
            yield url
    except real.Unavailable as error:
        pytest.skip(f"ElasticMQ {error}")


@pytest.fixture(scope="session")
def stripe_mock_url() -> Iterator[str]:
    """The base URL of a stripe-mock."""
    try:
        with real.stripe_mock() as url:
            yield url
    except real.Unavailable as error:
        pytest.skip(f"stripe-mock {error}")


@pytest.fixture
def real_aws(dynamodb_local_url: str, elasticmq_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one test: boto3 and pynamodb speak to DynamoDB Local and ElasticMQ. Use a prefix of your own."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_local_url,
        "AWS_ENDPOINT_URL_SQS": elasticmq_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)

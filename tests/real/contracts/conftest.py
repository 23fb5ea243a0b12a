"""The fixtures of the contract tests, with DynamoDB Local and ElasticMQ instead of the embedded AWS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends import Aws, Backend, aws_with_resources, stores_on_tables

__all__ = ["aws", "backend", "stores_on_tables"]


@pytest.fixture(scope="module")
def aws(dynamodb_local_url: str, elasticmq_url: str) -> Iterator[Aws]:
    """Our tables and queues on the real stand-ins, under a prefix of their own for each module."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            environment.delenv(name, raising=False)
        environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local_url)
        environment.setenv("AWS_ENDPOINT_URL_SQS", elasticmq_url)
        environment.setenv("POM_TEST_REAL", "1")
        with aws_with_resources() as fresh:
            yield fresh


@pytest.fixture
def backend(stores_on_tables: Backend) -> Backend:
    """The tables only: the fakes have been held to the contract elsewhere."""
    return stores_on_tables

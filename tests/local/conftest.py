"""Fixtures of the tests of the local stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from infra.local.aws import embedded_aws
from tests.local.real_stand_ins import (
    dynamodb_local_url,
    elasticmq_url,
    real_aws,
    stripe_mock_url,
)

__all__ = ["dynamodb_local_url", "elasticmq_url", "real_aws", "stripe_mock_url"]


@pytest.fixture
def sqs() -> Iterator[Any]:
    with embedded_aws():
        yield boto3.client("sqs")

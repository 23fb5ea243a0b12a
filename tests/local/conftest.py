"""Fixtures of the tests of the local stack."""

from __future__ import annotations

from tests.local.real_stand_ins import (
    dynamodb_local_url,
    elasticmq_url,
    real_aws,
    stripe_mock_url,
)

__all__ = ["dynamodb_local_url", "elasticmq_url", "real_aws", "stripe_mock_url"]

"""The fixtures of DynamoDB Local, ElasticMQ and stripe-mock; each test in this directory is marked `real`."""

from __future__ import annotations

from tests.local.real_stand_ins import dynamodb_local_url, elasticmq_url, stripe_mock_url

__all__ = ["dynamodb_local_url", "elasticmq_url", "stripe_mock_url"]

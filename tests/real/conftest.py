"""The real stand-ins, for everything in this directory; each test here is marked `real`."""

from __future__ import annotations

from tests.local.real_stand_ins import dynamodb_local_url, elasticmq_url, stripe_mock_url

__all__ = ["dynamodb_local_url", "elasticmq_url", "stripe_mock_url"]

"""Stand-ins by other authors: DynamoDB Local, ElasticMQ and stripe-mock.

They are fetched from Maven Central and the Go module proxy on first use, in pinned versions, into `.cache/real`.
"""

from __future__ import annotations

from infra.local.real.fetching import Unavailable
from infra.local.real.servers import dynamodb_local, elasticmq, stripe_mock

__all__ = ["Unavailable", "dynamodb_local", "elasticmq", "stripe_mock"]

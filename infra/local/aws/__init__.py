"""The embedded AWS: moto with locks and patches, in the same process (`embedded_aws`) or as a server (`server`)."""

from __future__ import annotations

from infra.local.aws.in_process import embedded_aws

__all__ = ["embedded_aws"]

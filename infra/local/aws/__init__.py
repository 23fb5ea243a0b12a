"""The embedded AWS: moto behind locks with narrow remedies, in process (`embedded_aws`) or by `server`."""

from __future__ import annotations

from infra.local.aws.in_process import embedded_aws

__all__ = ["embedded_aws"]

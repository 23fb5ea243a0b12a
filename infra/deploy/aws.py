"""Clients of AWS in one region. Each client is created on first use."""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})


class Aws:
    """Clients of one region, with the default credentials."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Any] = {}
        os.environ["AWS_DEFAULT_REGION"] = region  # for the adapters, which create their own clients

    def client(self, service: str) -> Any:
        """Returns the client of a service, always the same one."""
        if service not in self._clients:
            make: Any = boto3.client
            self._clients[service] = make(service, region_name=self.region, config=_CONFIG)
        return self._clients[service]

"""AWS in one region, for the commands; each client is made when it is first used."""

from __future__ import annotations

import os
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})


class Aws:
    """Clients of one region, with the usual credentials."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Any] = {}
        os.environ["AWS_DEFAULT_REGION"] = region  # for the adapters, which make their clients themselves

    def client(self, service: str) -> Any:
        """The client of a service, always the same one."""
        if service not in self._clients:
            make: Any = boto3.client
            self._clients[service] = make(service, region_name=self.region, config=_CONFIG)
        return self._clients[service]

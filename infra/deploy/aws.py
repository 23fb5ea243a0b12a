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
        os.environ["AWS_DEFAULT_REGION"] = region  # for the adapters, which make their clients themselves
        self._session: Any = boto3.Session(region_name=region)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service, always the same one."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=_CONFIG)
        return self._clients[service]

"""`embedded_aws()`: AWS inside the test's own process, empty at the start, safe for several threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import moto
from botocore.awsrequest import AWSPreparedRequest
from moto.core.botocore_stubber import BotocoreStubber

from infra.local.aws.locks import lock_for
from infra.local.aws.remedies import patched_moto
from infra.local.settings import REGION

FAKE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # moto does not know the hosts of accounts
}


def _service(url: str) -> str:
    """Returns the moto service name, as `lock_for` takes it, of a URL such as
    https://sqs.us-east-1.amazonaws.com/.
    """
    labels = url.split("/", 3)[2].split(".")
    if "dynamodb" in labels or "ddb" in labels:
        return "dynamodb"
    return "sqs" if "sqs" in labels or "queue" in labels else labels[0]


@contextmanager
def embedded_aws() -> Iterator[None]:
    """Serves every call of boto3, botocore and pynamodb in this block from memory, in us-east-1.

    The AWS starts empty, is dropped at the end, opens no port, and sets fake credentials. The block removes endpoint
    variables (AWS_ENDPOINT_URL…), so that calls reach the memory and not a running stack.
    """
    original = BotocoreStubber.__call__

    def locked(self: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **options: Any) -> Any:
        if not self.enabled:
            return None
        with lock_for(_service(request.url)):
            return original(self, event_name, request, **options)

    with patch.dict(os.environ, FAKE_ENVIRONMENT):
        for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")] + ["AWS_PROFILE"]:
            os.environ.pop(name, None)
        with patched_moto(), patch.object(BotocoreStubber, "__call__", locked), moto.mock_aws():
            yield

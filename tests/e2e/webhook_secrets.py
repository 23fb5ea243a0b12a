"""The stored signing secrets of a running local stack."""

from __future__ import annotations

import json

import boto3

from chalicelib.functions import Secret
from infra.local.settings import REGION, SECRET_IDS
from infra.local.stack import LocalStack


def store_secret(stack: LocalStack, text: str) -> None:
    """Stores this text as the webhook secrets, even if it is unreadable."""
    client = boto3.client(
        "secretsmanager",
        endpoint_url=stack.urls.aws,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.put_secret_value(SecretId=SECRET_IDS[Secret.WEBHOOK], SecretString=text)


def as_stored(*secrets: str) -> str:
    """Returns the text of the secret with these signing secrets."""
    return json.dumps({"webhookSecrets": list(secrets)})

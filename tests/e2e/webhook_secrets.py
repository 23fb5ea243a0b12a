"""The signing secrets that a running local stack has stored."""

from __future__ import annotations

import json

import boto3

from infra.local.settings import REGION, SECRET_ID
from infra.local.stack import LocalStack


def store_secret(stack: LocalStack, text: str) -> None:
    """Store this text as Stripe's secrets, whether it is readable or not."""
    client = boto3.client(
        "secretsmanager",
        endpoint_url=stack.urls.aws,
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.put_secret_value(SecretId=SECRET_ID, SecretString=text)


def with_webhook_secrets(stack: LocalStack, *secrets: str) -> str:
    """Returns Stripe's secrets as they were made, with these signing secrets."""
    return json.dumps({**json.loads(stack.secret.to_json()), "webhookSecrets": list(secrets)})

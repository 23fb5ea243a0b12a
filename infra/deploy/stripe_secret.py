"""The secret of a stage, looked at by the very code that reads it for the functions. No value of it is ever told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.secrets import SecretStore, StripeSecrets
from infra.deploy import own_key
from infra.deploy.aws import Aws
from infra.deploy.findings import Bad, ToDo
from infra.deploy.settings import PROD, StageSettings
from infra.template.encryption import OWN_KEY

SERVICES_KEY = (None, "alias/aws/secretsmanager")
MODES = {PROD: "live"}
"""Every other stage is for test money."""
LONG = "[A-Za-z0-9_+/=]{16,}"


def look(stage: str, settings: StageSettings, aws: Aws, *, exists: bool) -> str:
    """What can be said of the secret; `exists`: whether the stage was deployed before."""
    arn = settings.parameters["StripeSecretArn"]
    described = aws.client("secretsmanager").describe_secret(SecretId=arn)
    key = described.get("KmsKeyId")
    if key not in SERVICES_KEY and not own_key.is_the_stages(key, settings, aws):
        raise Bad(f"it is encrypted with {key}, which the functions may not use: take the service's own or {OWN_KEY}")
    secrets = SecretStore(arn, SystemClock()).stripe()
    if wrong := list(_faults(secrets, MODES.get(stage, "test"))):
        raise Bad("; ".join(wrong))
    if secrets.webhook_secrets:
        return f"of the right form, {len(secrets.webhook_secrets)} webhook secrets"
    missing = f"there is no webhook secret yet: ./ops --deployed {settings.stack} webhook-endpoint"
    raise Bad(missing) if exists else ToDo(f"{missing}, after the deployment")


def _faults(secrets: StripeSecrets, mode: str) -> Iterator[str]:
    if not re.fullmatch(f"(sk|rk)_{mode}_{LONG}", secrets.api_key):
        yield f"apiKey is not of the form sk_{mode}_… or rk_{mode}_…"
    if not re.fullmatch(f"ca_{LONG}", secrets.client_id):
        yield "clientId is not of the form ca_…"
    for number, secret in enumerate(secrets.webhook_secrets, 1):
        if not re.fullmatch(f"whsec_{LONG}", secret):
            yield f"webhookSecrets, number {number}, is not of the form whsec_…"
    if len(set(secrets.webhook_secrets)) < len(secrets.webhook_secrets):
        yield "webhookSecrets has one twice"

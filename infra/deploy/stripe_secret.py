"""Checks the two secrets of a stage with the code by which the functions read them. No value is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.secrets import PlatformSecret, SecretStore, WebhookSecrets, WebhookSecretStore
from chalicelib.functions import Secret
from infra.deploy import own_key
from infra.deploy.aws import Aws
from infra.deploy.findings import ActionNeeded, CheckFailed
from infra.deploy.settings import PROD, StageSettings
from infra.template.encryption import OWN_KEY
from infra.template.intrinsics import secret_parameter

SERVICE_KEYS = (None, "alias/aws/secretsmanager")
MODES = {PROD: "live"}
"""The mode of prod's key. All other stages use test mode."""
TOKEN = "[A-Za-z0-9_+/=]{16,}"

UNRESTRICTED = (
    "apiKey is a secret key (sk_live_…), which may do everything: a restricted key (rk_live_…) with the permissions"
    " that docs/deploying.md lists is enough, once a trial has shown that connecting accepts it"
)
LEFT_OVER = (
    "webhookSecrets is still in it: remove it when the former release no longer runs"
    " (docs/deploying.md, Moving to two secrets)"
)


def check_platform_secret(stage: str, settings: StageSettings, aws: Aws) -> str:
    """Checks the secret with the platform's key. Returns its form."""
    arn = _require_usable_key(Secret.PLATFORM, settings, aws)
    secret = SecretStore(arn, PlatformSecret, SystemClock()).latest()
    if faults := list(_faults_of_platform(secret, MODES.get(stage, "test"))):
        raise CheckFailed("; ".join(faults))
    actions = [UNRESTRICTED] if secret.api_key.startswith("sk_live_") else []
    actions += [LEFT_OVER] if "webhookSecrets" in _stored_fields(arn, aws) else []
    if actions:
        raise ActionNeeded("; ".join(actions))
    return f"of the right form, a {'restricted' if secret.api_key.startswith('rk_') else 'secret'} key"


def check_webhook_secret(settings: StageSettings, aws: Aws, *, was_deployed: bool) -> str:
    """Checks the secret with the webhook secrets. `was_deployed` is True if the stage was deployed before."""
    arn = _require_usable_key(Secret.WEBHOOK, settings, aws)
    if arn == settings.parameters[secret_parameter(Secret.PLATFORM)]:
        raise CheckFailed("it is the platform's secret: webhook secrets need their own secret")
    secrets = WebhookSecretStore(arn, SystemClock()).latest()
    if faults := list(_faults_of_webhooks(secrets)):
        raise CheckFailed("; ".join(faults))
    if "apiKey" in _stored_fields(arn, aws):
        raise CheckFailed(
            "it holds apiKey, which the canary could then read: store webhookSecrets alone, and replace that key"
        )
    if secrets.webhook_secrets:
        return f"of the right form; webhook secrets in it: {len(secrets.webhook_secrets)}"
    missing = f"there is no webhook secret yet: ./ops --deployed {settings.stack} webhook-endpoint"
    raise CheckFailed(missing) if was_deployed else ActionNeeded(f"{missing}, after the deployment")


def _stored_fields(arn: str, aws: Aws) -> Container[str]:
    """Returns the names of all stored fields, also of those that the functions ignore."""
    text = aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    fields: dict[str, object] = json.loads(text)
    return fields.keys()


def _require_usable_key(secret: Secret, settings: StageSettings, aws: Aws) -> str:
    arn = settings.parameters[secret_parameter(secret)]
    description = aws.client("secretsmanager").describe_secret(SecretId=arn)
    key = description.get("KmsKeyId")
    if key not in SERVICE_KEYS and not own_key.is_stage_key(key, settings, aws):
        raise CheckFailed(
            f"it is encrypted with {key}, which the functions may not use: use the service's own key or {OWN_KEY}"
        )
    return arn


def _faults_of_platform(secret: PlatformSecret, mode: str) -> Iterator[str]:
    if not re.fullmatch(f"(sk|rk)_{mode}_{TOKEN}", secret.api_key):
        yield f"apiKey is not of the form sk_{mode}_… or rk_{mode}_…"
    if not re.fullmatch(f"ca_{TOKEN}", secret.client_id):
        yield "clientId is not of the form ca_…"


def _faults_of_webhooks(secrets: WebhookSecrets) -> Iterator[str]:
    for number, secret in enumerate(secrets.webhook_secrets, 1):
        if not re.fullmatch(f"whsec_{TOKEN}", secret):
            yield f"webhookSecrets, number {number}, is not of the form whsec_…"
    if len(set(secrets.webhook_secrets)) < len(secrets.webhook_secrets):
        yield "webhookSecrets has one twice"

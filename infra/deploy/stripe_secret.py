"""The two secrets of a stage, looked at by the very code that reads them for the functions. No value is ever told."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.secrets import PlatformSecret, SecretStore, WebhookSecrets, WebhookSecretStore
from chalicelib.functions import Secret
from infra.deploy import own_key
from infra.deploy.aws import Aws
from infra.deploy.findings import Bad, ToDo
from infra.deploy.settings import PROD, StageSettings
from infra.template.encryption import OWN_KEY
from infra.template.intrinsics import secret_parameter

SERVICES_KEY = (None, "alias/aws/secretsmanager")
MODES = {PROD: "live"}
"""Every other stage is for test money."""
LONG = "[A-Za-z0-9_+/=]{16,}"

UNRESTRICTED = (
    "apiKey is a secret key (sk_live_…), which may do everything: a restricted key (rk_live_…) with the permissions"
    " that docs/deploying.md lists is enough, once it is seen that connecting takes it"
)
LEFT_OVER = (
    "webhookSecrets is still in it: take it out when the release before no longer runs"
    " (docs/deploying.md, Moving to two secrets)"
)


def look_at_platform(stage: str, settings: StageSettings, aws: Aws) -> str:
    """What can be said of the secret with the platform's key."""
    arn = _encrypted_as_it_has_to_be(Secret.PLATFORM, settings, aws)
    secret = SecretStore(arn, PlatformSecret, SystemClock()).latest()
    if wrong := list(_faults_of_platform(secret, MODES.get(stage, "test"))):
        raise Bad("; ".join(wrong))
    later = [UNRESTRICTED] if secret.api_key.startswith("sk_live_") else []
    later += [LEFT_OVER] if "webhookSecrets" in _content(arn, aws) else []
    if later:
        raise ToDo("; ".join(later))
    return f"of the right form, a {'restricted' if secret.api_key.startswith('rk_') else 'secret'} key"


def look_at_webhooks(settings: StageSettings, aws: Aws, *, exists: bool) -> str:
    """What can be said of the secret with the webhook secrets; `exists`: whether the stage was deployed before."""
    arn = _encrypted_as_it_has_to_be(Secret.WEBHOOK, settings, aws)
    if arn == settings.parameters[secret_parameter(Secret.PLATFORM)]:
        raise Bad("it is the platform's secret: webhook secrets have one of their own")
    secrets = WebhookSecretStore(arn, SystemClock()).latest()
    if wrong := list(_faults_of_webhooks(secrets)):
        raise Bad("; ".join(wrong))
    if "apiKey" in _content(arn, aws):
        raise Bad(
            "it holds apiKey, which the canary could then read: store webhookSecrets alone, and exchange that key"
        )
    if secrets.webhook_secrets:
        return f"of the right form; webhook secrets in it: {len(secrets.webhook_secrets)}"
    missing = f"there is no webhook secret yet: ./ops --deployed {settings.stack} webhook-endpoint"
    raise Bad(missing) if exists else ToDo(f"{missing}, after the deployment")


def _content(arn: str, aws: Aws) -> Container[str]:
    """Returns the names of all fields that are stored, those included that functions pass over."""
    text = aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    stored: dict[str, object] = json.loads(text)
    return stored.keys()


def _encrypted_as_it_has_to_be(secret: Secret, settings: StageSettings, aws: Aws) -> str:
    arn = settings.parameters[secret_parameter(secret)]
    described = aws.client("secretsmanager").describe_secret(SecretId=arn)
    key = described.get("KmsKeyId")
    if key not in SERVICES_KEY and not own_key.is_the_stages(key, settings, aws):
        raise Bad(f"it is encrypted with {key}, which the functions may not use: take the service's own or {OWN_KEY}")
    return arn


def _faults_of_platform(secret: PlatformSecret, mode: str) -> Iterator[str]:
    if not re.fullmatch(f"(sk|rk)_{mode}_{LONG}", secret.api_key):
        yield f"apiKey is not of the form sk_{mode}_… or rk_{mode}_…"
    if not re.fullmatch(f"ca_{LONG}", secret.client_id):
        yield "clientId is not of the form ca_…"


def _faults_of_webhooks(secrets: WebhookSecrets) -> Iterator[str]:
    for number, secret in enumerate(secrets.webhook_secrets, 1):
        if not re.fullmatch(f"whsec_{LONG}", secret):
            yield f"webhookSecrets, number {number}, is not of the form whsec_…"
    if len(set(secrets.webhook_secrets)) < len(secrets.webhook_secrets):
        yield "webhookSecrets has one twice"

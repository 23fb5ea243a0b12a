"""Checks the stage's own KMS key, where it has one: the key must be usable by the services that need it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from infra.deploy.aws import Aws
from infra.deploy.findings import CheckFailed
from infra.deploy.settings import StageSettings
from infra.template.encryption import OWN_KEY
from infra.template.intrinsics import Json


def check_key(settings: StageSettings, aws: Aws) -> str:
    """Returns the key's ARN.

    Raises:
        CheckFailed: the key is disabled, asymmetric, of another region or account, or its policy lacks a service of
          AWS.
    """
    arn = settings.parameters[OWN_KEY]
    if arn.split(":")[3:5] != [settings.region, settings.account]:
        raise CheckFailed(f"{arn} is not of {settings.account} in {settings.region}")
    kms = aws.client("kms")
    metadata = kms.describe_key(KeyId=arn)["KeyMetadata"]
    if metadata["KeyState"] != "Enabled":
        raise CheckFailed(f"{arn} is {metadata['KeyState']}: nothing could be read or written")
    if (metadata["KeySpec"], metadata["KeyUsage"]) != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
        raise CheckFailed(
            f"{arn} is {metadata['KeySpec']} to {metadata['KeyUsage']}: AWS's services take symmetric keys only"
        )
    policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    required = {f"logs.{settings.region}.amazonaws.com", "events.amazonaws.com"}
    if missing := sorted(required - set(_services(policy))):
        raise CheckFailed(f"the policy of {arn} does not allow {' and '.join(missing)}: see infra/key.json")
    return f"{arn}, enabled"


def _services(policy: Json) -> Iterator[str]:
    """Yields the services to which a statement of the policy allows something."""
    for statement in policy["Statement"]:
        principal = statement["Principal"]
        if statement["Effect"] == "Allow" and isinstance(principal, dict):
            services = principal.get("Service", [])
            yield from [services] if isinstance(services, str) else services


def is_stage_key(key: str, settings: StageSettings, aws: Aws) -> bool:
    """Returns True if `key` (an id, an alias or an ARN) is the key that the stage's functions may use."""
    own = settings.parameters.get(OWN_KEY)
    return bool(own) and aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"] == own

"""Which stage is worked on: the local stack, a deployed one, or whatever the environment names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.bootstrap import Adapters
from chalicelib.config import Config, load_config
from chalicelib.functions import Queue, Secret
from infra.local import followed_clock
from infra.local.settings import LOCAL_LOGS
from infra.template.intrinsics import queue_id, secret_parameter

LOCAL = Path(".local/stack.json")


class NoStage(Exception):
    """It is not known which stage is meant, or it cannot be read."""


class Stage:
    """One stage: its configuration, and its adapters."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        os.environ.update(environment)
        followed_clock.follow()
        # This program's output is for people: what it does is not to count as the functions' work.
        os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
        self.config: Config = load_config()
        self.ports = Adapters(self.config)

    @property
    def local_logs(self) -> Path | None:
        """Where the local stack keeps its logs, which hold its metrics; None for a deployed stage."""
        named = os.environ.get(LOCAL_LOGS)
        return Path(named) if named else None

    @property
    def webhook_url(self) -> str:
        """Where Stripe sends events to."""
        return f"{self.config.public_api_url}/v1/stripe/webhooks"

    def queue_url(self, name: str) -> str:
        """The URL of a queue or a dead-letter queue, by its name without prefix."""
        base = self.config.queue_urls[Queue.RECONCILE].rpartition("/")[0]
        return f"{base}/{self.config.table_prefix}{name}"


def environment_of(stack: Path | None, deployed: str | None) -> dict[str, str]:
    """The variables of the stage that is meant.

    Raises:
        NoStage: there is none of that name, or none was named and none runs here.
    """
    if deployed is not None:
        return of_deployment(_described(deployed))
    if stack is None and "POM_TABLE_PREFIX" in os.environ:
        return {}
    file = stack or LOCAL
    try:
        found: dict[str, str] = json.loads(file.read_text())["environment"]
    except FileNotFoundError as exc:
        raise NoStage(f"There is no {file}: start the local stack with `make run`, or name a deployed one.") from exc
    except (ValueError, KeyError) as exc:
        raise NoStage(f"{file} does not describe a local stack.") from exc
    return found


def of_deployment(described: Mapping[str, Any]) -> dict[str, str]:
    """The functions' variables, from what CloudFormation says of a stack."""
    outputs = {each["OutputKey"]: str(each["OutputValue"]) for each in described.get("Outputs", ())}
    parameters = {each["ParameterKey"]: str(each["ParameterValue"]) for each in described.get("Parameters", ())}
    try:
        queues = {queue.url_variable: outputs[f"{queue_id(queue)}Url"] for queue in Queue}
        return {
            "POM_STAGE": str(described["StackName"]),
            "POM_TABLE_PREFIX": outputs["TablePrefix"],
            **{secret.id_variable: parameters[secret_parameter(secret)] for secret in Secret},
            "PUBLIC_API_URL": parameters["PublicApiUrl"],
            "EVENT_BUS_NAME": outputs["ChangesBusName"],
            "UNPUBLISHED_CHANGES_QUEUE_URL": outputs["UnpublishedChangesQueueUrl"],
            "POM_SETTINGS_URL": parameters["PomSettingsUrl"],
            **queues,
        }
    except KeyError as exc:
        raise NoStage(
            f"The stack {described.get('StackName')} has no {exc}: it is none of ours, or too old."
        ) from exc


def _described(name: str) -> Mapping[str, Any]:
    import boto3
    from botocore.exceptions import ClientError

    client: Any = boto3.client("cloudformation")
    try:
        described: Mapping[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as exc:
        raise NoStage(f"CloudFormation does not show the stack {name}: {exc}") from exc
    return described

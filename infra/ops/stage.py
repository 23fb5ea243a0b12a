"""The stage that a command works on: the local stack, a deployed stack, or the one that the environment names."""

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
    """It is unknown which stage to use, or the stage cannot be read."""


class Stage:
    """The configuration and the adapters of one stage."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        os.environ.update(environment)
        followed_clock.follow()
        # Metrics are switched off, because the work of this program must not count as the functions' work.
        os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"
        self.config: Config = load_config()
        self.ports = Adapters(self.config)

    @property
    def local_logs(self) -> Path | None:
        """Returns the directory of the local stack's logs, which contain its metrics, or None for a deployed
        stage.
        """
        directory = os.environ.get(LOCAL_LOGS)
        return Path(directory) if directory else None

    @property
    def webhook_url(self) -> str:
        """Returns the URL to which Stripe sends events."""
        return f"{self.config.public_api_url}/v1/stripe/webhooks"

    def queue_url(self, name: str) -> str:
        """Returns the URL of a queue or a dead-letter queue, by its name without prefix."""
        base = self.config.queue_urls[Queue.RECONCILE].rpartition("/")[0]
        return f"{base}/{self.config.table_prefix}{name}"


def environment_of(stack: Path | None, deployed: str | None) -> dict[str, str]:
    """Returns the environment variables of the chosen stage.

    Raises:
        NoStage: there is no stage of that name, or none was named and the local stack does not run.
    """
    if deployed is not None:
        return deployed_environment(_describe_stack(deployed))
    if stack is None and "POM_TABLE_PREFIX" in os.environ:
        return {}
    file = stack or LOCAL
    try:
        variables: dict[str, str] = json.loads(file.read_text())["environment"]
    except FileNotFoundError as exc:
        raise NoStage(f"There is no {file}: start the local stack with `make run`, or name a deployed one.") from exc
    except (ValueError, KeyError) as exc:
        raise NoStage(f"{file} does not describe a local stack.") from exc
    return variables


def deployed_environment(stack_description: Mapping[str, Any]) -> dict[str, str]:
    """Returns the functions' environment variables, from CloudFormation's description of a stack."""
    outputs = {each["OutputKey"]: str(each["OutputValue"]) for each in stack_description.get("Outputs", ())}
    parameters = {
        each["ParameterKey"]: str(each["ParameterValue"]) for each in stack_description.get("Parameters", ())
    }
    try:
        queues = {queue.url_variable: outputs[f"{queue_id(queue)}Url"] for queue in Queue}
        return {
            "POM_STAGE": str(stack_description["StackName"]),
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
            f"The stack {stack_description.get('StackName')} has no {exc}: it is not of POM-Stripe, or too old."
        ) from exc


def _describe_stack(name: str) -> Mapping[str, Any]:
    import boto3
    from botocore.exceptions import ClientError

    client: Any = boto3.client("cloudformation")
    try:
        stack_description: Mapping[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as exc:
        raise NoStage(f"CloudFormation does not show the stack {name}: {exc}") from exc
    return stack_description

"""The application, with each function's policy enforced as IAM would enforce it.

The local stack's AWS allows every call, so without this module a missing permission would show in production only.
`LocalStack(app="infra.local.enforced_policies:app")` refuses each call that the policy files in `.chalice` do not
grant, and logs the refusal. Calls that the stack itself makes, such as receiving messages, are not checked.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeAlias

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib.functions import API_HANDLER, BY_NAME
from infra.local.settings import SECRET_IDS
from infra.template.changes import BUS_ID
from infra.template.intrinsics import queue_id, secret_parameter, table_id
from infra.template.policies import DIRECTORY

Right: TypeAlias = tuple[str, str]
"""An action, and the logical id of the resource that it is applied to."""

_SECRETS = {name: secret_parameter(secret) for secret, name in SECRET_IDS.items()}
_IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}

_acting: ContextVar[str | None] = ContextVar("acting", default=None)
_log = logging.getLogger("infra.local.enforced_policies")


@contextmanager
def acting(function: str) -> Iterator[None]:
    """Attributes the calls to AWS in this block to a function."""
    token = _acting.set(function)
    try:
        yield
    finally:
        _acting.reset(token)


@cache
def granted_rights(function: str) -> frozenset[Right]:
    """Returns the rights in the function's policy file."""
    document = json.loads((DIRECTORY / BY_NAME[function].policy_file).read_text())
    return frozenset(
        (action, _logical(resource))
        for statement in document["Statement"]
        if statement["Resource"] != "*"
        for action in statement["Action"]
        for resource in statement["Resource"]
    )


def _logical(resource: Any) -> str:
    match resource:
        case {"Fn::GetAtt": [name, "Arn" | "StreamArn"]} | {"Ref": name}:
            return str(name)
        case {"Fn::Sub": text}:
            return str(text).replace("${", "").replace(".Arn}", "")
    raise ValueError(f"a resource that this module cannot read: {resource}")


def needed_rights(service: str, operation: str, parameters: dict[str, Any], prefix: str) -> set[Right]:
    """Returns the rights that a call needs. `prefix` is the prefix of the names of tables and queues."""
    if service == "dynamodb":
        return {(f"dynamodb:{action}", target) for action, target in _on_tables(operation, parameters, prefix)}
    if service == "sqs":
        name = str(parameters.get("QueueUrl", "")).rpartition("/")[2]
        # A batch request needs the right to the single action (Service Authorization Reference, Amazon SQS).
        action = operation.removesuffix("Batch")
        return {(f"sqs:{action}", queue_id(name.removeprefix(prefix)))}
    if service == "events":
        buses = {str(entry.get("EventBusName", "")) for entry in parameters.get("Entries", ())}
        return {(f"events:{operation}", BUS_ID if bus == f"{prefix}changes" else "?") for bus in buses}
    return {(f"{service}:{operation}", _SECRETS.get(str(parameters.get("SecretId")), "?"))}


def _on_tables(operation: str, parameters: dict[str, Any], prefix: str) -> Iterator[Right]:
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            for kind, write in item.items():
                yield _IN_TRANSACTIONS[kind], table_id(write["TableName"].removeprefix(prefix))
    elif operation in {"BatchGetItem", "BatchWriteItem"}:
        for table in parameters["RequestItems"]:
            yield operation, table_id(table.removeprefix(prefix))
    else:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield operation, table_id(parameters.get("TableName", "?").removeprefix(prefix)) + index


def require(function: str, service: str, operation: str, parameters: dict[str, Any], prefix: str) -> None:
    """Checks one call.

    Raises:
        ClientError: the function's policy does not allow the call.
    """
    for action, target in sorted(needed_rights(service, operation, parameters, prefix) - granted_rights(function)):
        message = f"the policy of {function} does not allow {action} on {target}"
        _log.error(message)
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, operation)


def _watch_calls() -> None:
    clients: Any = BaseClient  # through this one method go boto3's calls and pynamodb's
    send = clients._make_api_call

    def checked_call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        function = _acting.get()
        if function is not None:
            service = client.meta.service_model.service_name
            require(function, service, operation, parameters, os.environ["POM_TABLE_PREFIX"])
        return send(client, operation, parameters)

    clients._make_api_call = checked_call


def _enforcing(function: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*arguments: Any) -> Any:
        with acting(function):
            return handler(*arguments)

    return wrapper


def _as_the_api(request: Any, get_response: Callable[[Any], Any]) -> Any:
    with acting(API_HANDLER):
        return get_response(request)


def __getattr__(name: str) -> Any:
    """Returns `app`, built on first use, because tests import this module without it."""
    if name != "app":
        raise AttributeError(name)
    return _enforcing_app()


@cache
def _enforcing_app() -> Any:
    from app import app

    _watch_calls()
    app.register_middleware(_as_the_api, "http")
    for source in app.event_sources:
        app.handler_map[source.name] = _enforcing(source.name, app.handler_map[source.name])
    return app

"""Responses of AWS services that moto lacks. botocore's models validate each request and each response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

Play = Callable[[dict[str, Any]], dict[str, Any]]


def play(client: Any, plays: Mapping[str, Play]) -> None:
    """Has the client ask `plays`, by the operations' names, instead of AWS; the latest play counts."""
    service = client.meta.service_model.service_id.hyphenize()
    known: dict[str, Play] = vars(client).setdefault("plays", {})
    for operation in plays.keys() - known.keys():
        client.meta.events.register(f"provide-client-params.{service}.{operation}", _remember_request)
        client.meta.events.register(f"before-call.{service}.{operation}", _simulated(known, operation))
    known.update(plays)


def _remember_request(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["asked"] = params


def _simulated(plays: Mapping[str, Play], operation: str) -> Callable[..., Any]:
    def answered(model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        result = plays[operation](context["asked"])
        validate_parameters(result, model.output_shape)
        return SimpleNamespace(status_code=200), result

    return answered


def refusal(operation: str, code: str = "AccessDeniedException") -> ClientError:
    """Returns what AWS says to a caller that may not do this."""
    return ClientError({"Error": {"Code": code, "Message": f"not authorized to perform {operation}"}}, operation)

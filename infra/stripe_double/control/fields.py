"""Checks the fields of a control's body against the arguments of the Python method that the control calls."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

_VARIADIC = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
_OF_THE_DOUBLE = {"self", "world", "owner"}
"""Arguments that the double passes itself."""


class WrongField(ValueError):
    """A field of the body is unknown or missing, or has a value of the wrong type."""


def action_for(
    method: Callable[..., Any], *settings: Callable[..., Any]
) -> Callable[[dict[str, Any], list[str]], Any]:
    """Returns an action that calls `method` with the ids of the path and the fields of the body.

    `settings` are the functions and classes to which `method` passes its `**` arguments. The action raises
    WrongField.
    """

    def act(body: dict[str, Any], ids: list[str]) -> Any:
        accepted_fields = _accepted_fields(method, len(ids), settings)
        if accepted_fields is not None:
            _check(body, accepted_fields)
        try:
            return method(*ids, **body)
        except TypeError as exc:
            raise WrongField(
                f"A field has a value of the wrong type. {_fields_sentence(accepted_fields or body)}"
            ) from exc

    return act


def _accepted_fields(
    method: Callable[..., Any], ids: int, settings: tuple[Callable[..., Any], ...]
) -> dict[str, bool] | None:
    """Returns whether each field is required, by name; None if `method` accepts any field and checks them itself."""
    own = list(signature(method).parameters.values())[ids:]
    if not settings and any(each.kind in _VARIADIC for each in own):
        return None
    passed_on = (each for setting in settings for each in signature(setting).parameters.values())
    return {
        each.name: each.default is Parameter.empty
        for each in (*own, *passed_on)
        if each.kind not in _VARIADIC and each.name not in _OF_THE_DOUBLE
    }


def _check(body: dict[str, Any], accepted_fields: dict[str, bool]) -> None:
    unknown = [f"`{name}` is not a field of this control." for name in body if name not in accepted_fields]
    missing = [f"`{name}` is missing." for name, required in accepted_fields.items() if required and name not in body]
    if unknown or missing:
        raise WrongField(" ".join((*unknown, *missing, _fields_sentence(accepted_fields))))


def _fields_sentence(fields: dict[str, Any]) -> str:
    return f"Fields: {', '.join(f'`{name}`' for name in fields)}." if fields else "It has no fields."

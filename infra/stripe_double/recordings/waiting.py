"""Checks whether a response has the values for which the recording waited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .recording import JSON


def has_values(body: JSON, expected: Mapping[str, Any]) -> bool:
    """Returns True if a body has all these values at these dotted paths; `*` stands for any entry of a list."""
    return all(
        any(value_at_path == expected_value for value_at_path in values_at(body, path))
        for path, expected_value in expected.items()
    )


def values_at(body: JSON, path: str) -> Iterator[Any]:
    """Yields the values at a dotted path."""
    name, _, remaining_path = path.partition(".")
    if not path:
        yield body
    elif name == "*" and isinstance(body, list):
        for each in body:
            yield from values_at(each, remaining_path)
    elif isinstance(body, dict) and name in body:
        yield from values_at(body[name], remaining_path)

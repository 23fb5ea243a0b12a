"""Returns the values of a field that Stripe's own library lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin


def literals(annotation: Any) -> Iterator[str]:
    """Returns the values of every Literal within a type."""
    for part in get_args(annotation):
        if get_origin(annotation) is Literal:
            yield part
        else:
            yield from literals(part)

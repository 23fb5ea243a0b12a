"""A patch of moto's rendering of items: reads an attribute value's one member by its name.

For every attribute (`{"S": "x"}`) moto tries all ten members of AttributeValue under half a dozen aliases. That makes
up most of the time of a query's response. An attribute value is a plain dict with the member's name as its key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.serialize import ResponseSerializer

GetValue = Callable[[ResponseSerializer, Any, str, Any], Any]


def reading_attribute_values_directly(get_value: GetValue) -> GetValue:
    """Wraps `ResponseSerializer.get_value`: reads a member of an AttributeValue by its own name."""

    def wrapper(self: ResponseSerializer, value: Any, key: str, shape: Any) -> Any:
        if type(value) is dict:
            parent = getattr(shape, "parent", None)
            if parent is not None and parent.name == "AttributeValue":
                return value.get(key)
        return get_value(self, value, key, shape)

    return wrapper

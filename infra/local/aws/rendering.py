"""The remedy for moto's rendering of items: read an attribute value's one member, do not guess its ten names.

For every attribute (`{"S": "x"}`) moto probes all ten members of AttributeValue under half a dozen aliases,
which makes up most of the cost of a query's answer. An attribute value is a plain dict keyed by those very names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.serialize import ResponseSerializer

GetValue = Callable[[ResponseSerializer, Any, str, Any], Any]


def reading_attribute_values_directly(get_value: GetValue) -> GetValue:
    """Wrap `ResponseSerializer.get_value`: look a member of an AttributeValue up by its own name."""

    def wrapper(self: ResponseSerializer, value: Any, key: str, shape: Any) -> Any:
        if type(value) is dict:
            parent = getattr(shape, "parent", None)
            if parent is not None and parent.name == "AttributeValue":
                return value.get(key)
        return get_value(self, value, key, shape)

    return wrapper

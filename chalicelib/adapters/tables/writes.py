"""Makes DynamoDB's write requests directly from an item's values.

pynamodb's models declare the tables, and its conditions express what a write requires. Items are not written through
models. A model makes an object of each attribute, and each request determines the types of its keys again. Both took
CPU time from every webhook (docs/performance.md). A test compares the stored items with the models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

Values: TypeAlias = Mapping[str, Any]
"""The values of an item or of its key by attribute name: texts, whole numbers and bytes.

An attribute whose value is None is not stored.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """An update of an item: attributes to set or to remove, and amounts to add to numbers."""

    values: Values = field(default_factory=dict)
    removed: Sequence[str] = ()
    amounts: Mapping[str, int] = field(default_factory=dict)


class PreparedCondition(Condition):
    """A condition that is serialized once and then reused. It must come first in its request."""

    def __init__(self, condition: Condition) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._expression = condition.serialize(self._names, self._values)

    def serialize(self, placeholder_names: dict[str, str], expression_attribute_values: dict[str, Any]) -> str:
        """Returns the expression, after adding its names and values to those of the request."""
        placeholder_names.update(self._names)
        expression_attribute_values.update(self._values)
        return self._expression


def attributes(values: Values) -> dict[str, dict[str, Any]]:
    """Returns the values as DynamoDB's attributes, each with the letter of its type.

    Raises:
        TypeError: a value is neither text, nor a whole number, nor bytes.
    """
    typed_values: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if isinstance(value, str):
            typed_values[name] = {"S": value}
        elif isinstance(value, int) and not isinstance(value, bool):
            typed_values[name] = {"N": str(value)}
        elif isinstance(value, bytes):
            typed_values[name] = {"B": value}
        elif value is not None:
            raise TypeError(f"{name} is {type(value).__name__}, which no table stores")
    return typed_values


def write_request(
    model: type[Model],
    written: Mapping[str, Any],
    condition: Condition | None,
    change: Change | None = None,
) -> dict[str, Any]:
    """Returns the request of one write. `written` has the item or its key, and `change` the update.

    Names and values are separate from the expressions, which refer to them by placeholders: `#0 = :0`.
    """
    request = {"TableName": model.Meta.table_name, **written}
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    if condition is not None:
        request["ConditionExpression"] = condition.serialize(names, values)
    if change is not None:
        request["UpdateExpression"] = _update_expression(change, names, values)
    if names:
        request["ExpressionAttributeNames"] = {name: attribute for attribute, name in names.items()}
    if values:
        request["ExpressionAttributeValues"] = values
    return request


def _update_expression(change: Change, names: dict[str, str], values: dict[str, Any]) -> str:
    """Returns the update expression, after adding its names and values to those of the request."""

    def name_of(attribute: str) -> str:
        return names.setdefault(attribute, f"#{len(names)}")

    def value_of(value: dict[str, Any]) -> str:
        placeholder = f":{len(values)}"
        values[placeholder] = value
        return placeholder

    clauses = {
        "SET": [f"{name_of(each)} = {value_of(value)}" for each, value in attributes(change.values).items()],
        "REMOVE": [name_of(each) for each in change.removed],
        "ADD": [f"{name_of(each)} {value_of(value)}" for each, value in attributes(change.amounts).items()],
    }
    return " ".join(f"{clause} {', '.join(parts)}" for clause, parts in clauses.items() if parts)

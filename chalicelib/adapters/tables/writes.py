"""Writes as DynamoDB takes them: plain JSON, made of an item's values without an object for each of them.

pynamodb's models declare the tables, and its conditions say what a write requires. Items do not pass through a model
on their way out. A model makes an object of each attribute, and each request looks up the types of its keys again;
both took CPU from every webhook (docs/performance.md). A test compares what is stored with the models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

Values: TypeAlias = Mapping[str, Any]
"""An item's values, or those of its key, by the names of the attributes: texts, whole numbers and bytes.

An attribute whose value is None is not stored.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What an update makes of an item: attributes to set or to remove, and amounts to add to numbers."""

    values: Values = field(default_factory=dict)
    removed: Sequence[str] = ()
    amounts: Mapping[str, int] = field(default_factory=dict)


class PreparedCondition(Condition):
    """A condition that is put into words once, for stores that keep it. In a request nothing goes before it."""

    def __init__(self, condition: Condition) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._expression = condition.serialize(self._names, self._values)

    def serialize(self, placeholder_names: dict[str, str], expression_attribute_values: dict[str, Any]) -> str:
        """Returns the expression, with its names and values entered among those of the request."""
        placeholder_names.update(self._names)
        expression_attribute_values.update(self._values)
        return self._expression


def attributes(values: Values) -> dict[str, dict[str, Any]]:
    """Returns the values as attributes: each with the letter of its type.

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
    """Returns the request of one write. `written` says which item it is about, `change` what an update does to it.

    Names and values stand apart from the expressions, which name them by placeholders: `#0 = :0`.
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
    """Returns the words of an update, and enters its names and values among those of the request."""

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

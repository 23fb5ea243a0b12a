"""Additions to the numbers of an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.update import AddAction
from pynamodb.expressions.util import get_value_placeholder


class Additions(AddAction):
    """All of an item's additions as one action: a webhook has nine, and pynamodb's own, one each, cost more CPU."""

    def __init__(self, amounts: Mapping[str, int]) -> None:
        self._amounts = amounts

    def serialize(self, placeholder_names: dict[str, str], expression_attribute_values: dict[str, Any]) -> str:
        """`#0 :0, #1 :1`, with the names and the numbers entered among those of the request."""
        parts = []
        for attribute, amount in self._amounts.items():
            name = placeholder_names.setdefault(attribute, f"#{len(placeholder_names)}")
            parts.append(f"{name} {get_value_placeholder({'N': str(amount)}, expression_attribute_values)}")
        return ", ".join(parts)

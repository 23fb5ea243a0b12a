"""The template as CloudFormation would deploy it with certain parameters: its conditions are resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_NOTHING = object()
_NO_VALUE = {"Ref": "AWS::NoValue"}


def with_conditions_resolved(template: Json, parameters: Mapping[str, str]) -> Json:
    """Returns `template` without conditions and the parts that they exclude, and with the values of its parameters.

    The scanners do not evaluate conditions, so without this they would judge an `Fn::If` and not the deployed value.
    """
    values = {
        name: parameters.get(name, each.get("Default", "given")) for name, each in template["Parameters"].items()
    }
    decisions = _Decisions(template.get("Conditions", {}), values)
    deployed_resources = {
        name: decisions.value({key: each for key, each in resource.items() if key != "Condition"})
        for name, resource in template["Resources"].items()
        if decisions.holds(resource.get("Condition"))
    }
    # Texts (Fn::Sub) still name parameters, so the parameters stay.
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": template["Parameters"],
        "Resources": deployed_resources,
    }


class _Decisions:
    def __init__(self, conditions: Json, values: Mapping[str, str]) -> None:
        self._conditions, self._values = conditions, values

    def holds(self, name: str | None) -> bool:
        """Returns True if a condition holds, or if `name` is None."""
        return name is None or self._is_true(self._conditions[name])

    def _is_true(self, condition: Json) -> bool:
        [(function, operands)] = condition.items()
        match function:
            case "Condition":
                return self.holds(operands)
            case "Fn::Not":
                return not self._is_true(operands[0])
            case "Fn::And":
                return all(map(self._is_true, operands))
            case "Fn::Or":
                return any(map(self._is_true, operands))
            case "Fn::Equals":
                first_value, second_value = (self.value(each) for each in operands)
                return bool(first_value == second_value)
        raise ValueError(f"unknown function of a condition: {function}")

    def value(self, value: Any) -> Any:
        """Returns the value with its conditions decided. An intrinsic function of a resource stays."""
        if isinstance(value, list):
            return [item for each in value if (item := self.value(each)) is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if value == _NO_VALUE:
            return _NOTHING
        if len(value) == 1 and value.get("Ref") in self._values:
            return self._values[value["Ref"]]
        if len(value) == 1 and "Fn::If" in value:
            condition, then, otherwise = value["Fn::If"]
            return self.value(then if self.holds(condition) else otherwise)
        item = {key: self.value(each) for key, each in value.items()}
        return {key: each for key, each in item.items() if each is not _NOTHING}

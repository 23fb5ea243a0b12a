"""Metric math, as far as the template's alarms and graphs use it, for one period at a time.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html. An expression that this module
does not support raises an error.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

LOCAL_QUOTA = 1000.0
"""The value of SERVICE_QUOTA: the concurrent executions that AWS allows an account by default."""

Values = Mapping[str, float | None]
"""The values by the ids of metrics, or None where nothing was measured in the period."""

_COMPUTE: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class NotUnderstood(ValueError):
    """The expression uses an operand or a function that is not supported here."""


def evaluate(expression: str, values: Values) -> float | None:
    """Returns the value of an expression, or None if an operand has no data or a number is divided by 0.

    Raises:
        NotUnderstood: the expression has an operand or a function that is not supported.
    """
    readable = expression.replace(" AND ", " and ").replace(" OR ", " or ")
    return _value_of(ast.parse(readable, mode="eval").body, values)


def _value_of(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _COMPUTE:
            return _apply(_COMPUTE[type(sign)], _value_of(left, values), _value_of(right, values))
        case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _COMPARE:
            return _apply(_COMPARE[type(sign)], _value_of(left, values), _value_of(right, values))
        case ast.BoolOp(op=sign, values=parts):
            return _joined(all if isinstance(sign, ast.And) else any, [_value_of(part, values) for part in parts])
        case ast.Call(func=ast.Name(id="FILL"), args=[series, filler]):
            value = _value_of(series, values)
            return _value_of(filler, values) if value is None else value
        case ast.Call(func=ast.Name(id="SERVICE_QUOTA"), args=[ast.Name(id=name)]) if name in values:
            return LOCAL_QUOTA
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
            true = _value_of(condition, values)
            return None if true is None else _value_of(yes if true else no, values)
    raise NotUnderstood(ast.unparse(node))


def _apply(compute: Callable[[float, float], float], first: float | None, second: float | None) -> float | None:
    if first is None or second is None:
        return None
    try:
        return float(compute(first, second))
    except ZeroDivisionError:
        return None


def _joined(combine: Callable[[list[bool]], bool], parts: list[float | None]) -> float | None:
    present_values = [bool(part) for part in parts if part is not None]
    return float(combine(present_values)) if len(present_values) == len(parts) else None

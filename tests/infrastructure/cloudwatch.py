"""CloudWatch's alarm semantics, as far as our alarms use them.

Metric math over one period at a time, missing data, and the evaluation of the latest periods
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra.template.alarm_list import BY_NAME
from infra.template.alarms import Alarm, Composite, Missing

Series = Mapping[str, Sequence[float | None]]
"""One value a period by the measure's id; None where nothing was written."""

EXTRA = 2
"""Periods before the evaluated ones that CloudWatch looks at when some have no data."""

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {">": operator.gt, ">=": operator.ge, "<": operator.lt}


class _NoData(Exception):
    """An operand is missing, so the period has no data point."""


def points(alarm: Alarm, series: Series) -> list[float | None]:
    """The data points that the alarm judges."""
    length = max(len(values) for values in series.values())
    at = [{name: [*series.get(name, ()), *[None] * length][n] for name in alarm.measures} for n in range(length)]
    if alarm.expression is None:
        [name] = alarm.measures
        return [values[name] for values in at]
    return [_computed(alarm.expression, values) for values in at]


def _computed(expression: str, values: Mapping[str, float | None]) -> float | None:
    """Python's arithmetic is that of metric math, once AND is written its way and IF does not look too early."""
    names: dict[str, Any] = {name: _Operand(value) for name, value in values.items()}
    try:
        found = eval(expression.replace(" AND ", " and "), {"__builtins__": {}}, {**names, "IF": _if, "FILL": _fill})
        return found.number() if isinstance(found, _Operand) else float(found)
    except _NoData:
        return None


class _Operand:
    """A number or no data; arithmetic with no data, or by zero, gives none."""

    def __init__(self, value: float | None) -> None:
        self.value = value

    def number(self) -> float:
        if self.value is None:
            raise _NoData
        return float(self.value)

    def _with(self, other: Any, compute: Callable[[float, float], float]) -> _Operand:
        theirs = other.value if isinstance(other, _Operand) else other
        if self.value is None or theirs is None:
            return _Operand(None)
        try:
            return _Operand(compute(self.value, theirs))
        except ZeroDivisionError:
            return _Operand(None)

    def __add__(self, other: Any) -> _Operand:
        return self._with(other, operator.add)

    def __truediv__(self, other: Any) -> _Operand:
        return self._with(other, operator.truediv)

    def __gt__(self, other: Any) -> _Operand:
        return self._with(other, operator.gt)

    def __ge__(self, other: Any) -> _Operand:
        return self._with(other, operator.ge)

    def __lt__(self, other: Any) -> _Operand:
        return self._with(other, operator.lt)

    def __bool__(self) -> bool:
        return bool(self.number())


def _if(condition: Any, yes: Any, no: Any) -> Any:
    return yes if condition else no


def _fill(operand: _Operand, value: float) -> _Operand:
    return _Operand(value if operand.value is None else operand.value)


def states(alarm: Alarm, series: Series) -> list[bool]:
    """Whether it rings after each period."""
    found = points(alarm, series)
    return [_rings(alarm, found[: n + 1]) for n in range(len(found))]


def _rings(alarm: Alarm, so_far: Sequence[float | None]) -> bool:
    looked_at = [*[None] * (alarm.periods + EXTRA), *so_far][-(alarm.periods + EXTRA) :]
    real = [value for value in looked_at if value is not None]
    judged: Sequence[float | None] = looked_at[-alarm.periods :]
    if None in judged and len(real) >= alarm.periods:
        judged = real[-alarm.periods :]
    return all(_bad(alarm, value) for value in judged)


def _bad(alarm: Alarm, value: float | None) -> bool:
    if value is None:
        return alarm.missing is Missing.BAD
    return _COMPARE[alarm.comparison](value, alarm.threshold)


def rings(name: str, **series: Sequence[float | None]) -> list[bool]:
    """Whether the alarm of this name rings after each period."""
    return states(BY_NAME[name], series)


def tells(composite: Composite, ringing: Mapping[str, bool]) -> bool:
    """Whether a composite's actions run, given which alarms ring."""
    all_of_them = all(ringing.get(name, False) for name in composite.alarms)
    return all_of_them and not ringing.get(composite.suppressor or "", False)

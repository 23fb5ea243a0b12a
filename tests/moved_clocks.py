"""Moves the clocks of a process, as happens when Lambda restores an environment from a snapshot."""

from __future__ import annotations

import datetime as dt
import gc
import sys
import time
from collections.abc import Mapping
from types import FunctionType
from typing import Any


class _EveryDateTime(type):
    """Makes every `datetime` an instance of the moved class: those that C code creates, and those created before the
    move.
    """

    _plain = (dt.datetime,)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _EveryDateTime._plain)


def move_clocks(seconds: int, *, monotonic: bool) -> None:
    """Moves `time.time`, `time.time_ns` and `datetime` of this process, and `time.monotonic` if `monotonic` is True.

    Modules that imported a clock by name, and functions that have a clock as a default, get the moved clock.
    Functions such as `time.gmtime` without a time, and clocks stored in objects, stay as they are.
    """
    time_, time_ns, monotonic_ = time.time, time.time_ns, time.monotonic

    class Moved(dt.datetime, metaclass=_EveryDateTime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Moved:
            return super().now(tz) + dt.timedelta(seconds=seconds)

    replacements: dict[Any, Any] = {
        time_: lambda: time_() + seconds,
        time_ns: lambda: time_ns() + seconds * 1_000_000_000,
        dt.datetime: Moved,
    }
    if monotonic:
        replacements[monotonic_] = lambda: monotonic_() + seconds
    for module in list(sys.modules.values()):
        _replace(vars(module), replacements)
    for function in gc.get_objects():
        if isinstance(function, FunctionType):
            function.__defaults__ = (
                tuple(_replacement(each, replacements) for each in function.__defaults__ or ()) or None
            )
            _replace(function.__kwdefaults__ or {}, replacements)


def _replacement(value: Any, replacements: Mapping[Any, Any]) -> Any:
    return next((new for old, new in replacements.items() if value is old), value)


def _replace(values: dict[str, Any], replacements: Mapping[Any, Any]) -> None:
    for name, value in list(values.items()):
        new = _replacement(value, replacements)
        if new is not value:
            values[name] = new

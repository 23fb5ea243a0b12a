"""Builds values of any stored type with a unique text in every text field, to trace where each text is stored."""

from __future__ import annotations

import datetime as dt
import typing
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from infra.privacy.places import fields_of

PLAIN: Mapping[Any, Any] = {int: 1, bool: False, Decimal: Decimal(1), dt.date: dt.date(2026, 1, 2)}


class PlantedValues:
    """Builds records. `texts` maps each planted text to its field, such as `Profile.email`.

    `given` has values by field name, which these fields receive in place of planted ones.
    """

    def __init__(self, fixed_values: Mapping[str, Any]) -> None:
        self.texts: dict[str, str] = {}
        self._parameter = fixed_values

    def of(self, kind: Any) -> Any:
        """Returns a record of this kind, full of planted texts."""
        return self._record(kind, ())

    def found_in(self, stored: str | bytes) -> set[str]:
        """Returns the fields whose texts occur in a stored value."""
        text = stored if isinstance(stored, str) else stored.decode()
        return {field for planted, field in self.texts.items() if planted in text}

    def _record(self, kind: Any, above: tuple[Any, ...]) -> Any:
        values = {
            name: self._value(hint, f"{kind.__name__}.{name}", (*above, kind))
            for name, hint in fields_of(kind).items()
        }
        return kind(**values)

    def _value(self, hint: Any, field: str, above: tuple[Any, ...]) -> Any:
        if field in self._parameter:
            return self._parameter[field]
        if arguments := typing.get_args(hint):
            return self._composed(typing.get_origin(hint), arguments, field, above)
        if isinstance(hint, typing.NewType) or hint is str:
            return self._text(field)
        if issubclass(hint, Enum):
            return next(iter(hint))
        return PLAIN[hint] if hint in PLAIN else self._record(hint, above)

    def _composed(self, origin: Any, arguments: tuple[Any, ...], field: str, above: tuple[Any, ...]) -> Any:
        """Returns a value of a composed type. A record is not nested in a record of its own kind, because nesting
        would not end.
        """
        if arguments[0] in above:
            return ()
        if origin is tuple:
            parts = arguments[:1] if arguments[-1] is Ellipsis else arguments
            return tuple(self._value(part, field, above) for part in parts)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {self._value(arguments[0], field, above): self._value(arguments[1], field, above)}
        return self._value(next(each for each in arguments if each is not type(None)), field, above)

    def _text(self, field: str) -> str:
        text = f"planted{len(self.texts):04}x"
        self.texts[text] = field
        return text

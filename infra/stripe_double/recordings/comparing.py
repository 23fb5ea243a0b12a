"""Compares a recorded response with the double's, field by field, and pairs the ids of the two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .aligning import align
from .differences import Difference, Kind
from .identities import Identities, looks_like_id, prefix
from .leniency import Care, allowed_seconds_apart, care, is_timestamp
from .recording import JSON, REDACTED
from .timeline import Timeline

_WORD = re.compile(r"^[a-z][a-z0-9_.]*$")
_ERROR = ("type", "code", "decline_code", "param")
_COMPARED_HEADERS = ("idempotent-replayed", "stripe-should-retry", "stripe-rate-limited-reason", "stripe-version")
"""Headers that are compared by value. Of the other recorded headers, only the presence is compared."""
RESPONSE = "answer"
"""The name for parts of a response without an object of their own: status, headers, and Connect OAuth's responses."""
_NO_FIELD = object()
_EXACT = (Care.FULL, Care.FILLED, Care.IN_TIME)


@dataclass
class Comparison:
    """The comparison of two responses. Entries of lists from before `made_before`, the recording's start, are
    skipped.
    """

    step: str
    request: str
    ids: Identities
    timeline: Timeline
    made_before: float = 0.0
    differences: list[Difference] = field(default_factory=list)

    def statuses(self, recorded: int, played: int, message: str | None = None) -> bool:
        """Returns True if the HTTP statuses are the same. `message` is the double's error message, if any."""
        if recorded != played:
            played_text = f"{played}: {message}" if message else played
            self._add_difference(Kind.STATUS, _Place(RESPONSE), "status", recorded, played_text)
        return recorded == played

    def headers(self, recorded: Mapping[str, str], played: Mapping[str, str]) -> None:
        """Compares the headers of two responses. Their names are in lower case."""
        for name in sorted({*recorded, *played}):
            recorded_value, played_value = recorded.get(name), played.get(name)
            if (recorded_value is None) != (played_value is None) or (
                name in _COMPARED_HEADERS and recorded_value != played_value
            ):
                self._add_difference(Kind.HEADER, _Place(RESPONSE), name, recorded_value, played_value)

    def bodies(self, recorded: JSON, played: JSON) -> None:
        """Compares the bodies of two responses."""
        errors = [body.get("error") if isinstance(body, dict) else None for body in (recorded, played)]
        if all(isinstance(each, dict) for each in errors):
            self._errors(errors[0], errors[1])
        else:
            self._values(_Place(RESPONSE), "", recorded, played)

    def event_data(self, type_: str, recorded: JSON, played: JSON) -> None:
        """Compares the objects in two events of a type. A difference names the type and the whole path."""
        self._values(_Place(RESPONSE, event=type_), "", recorded, played)

    # -- the walk ----------------------------------------------------------------------------------------------------

    def _errors(self, recorded: JSON, played: JSON) -> None:
        place = _Place("error")
        for name in _ERROR:
            if recorded.get(name) != played.get(name):
                self._add_difference(Kind.ERROR, place, name, recorded.get(name), played.get(name))
        other_fields = ({k: v for k, v in each.items() if k not in _ERROR} for each in (recorded, played))
        self._values(place, "", *other_fields)

    def _values(self, place: _Place, path: str, recorded: JSON, played: JSON) -> None:
        if recorded == played and type(recorded) is type(played) and not isinstance(recorded, dict | list | str):
            return
        care = place.care(path)
        if recorded is None or played is None:
            null_allowed_by = (
                (Care.PRESENCE, Care.IN_TIME, Care.FILLED) if played is None else (Care.PRESENCE, Care.IN_TIME)
            )
            if recorded is not played and care not in null_allowed_by:
                self._add_difference(Kind.NULL, place, path, _brief(recorded), _brief(played))
        elif _type(recorded) != _type(played) and not (care not in _EXACT and _are_numbers(recorded, played)):
            self._add_difference(Kind.TYPE, place, path, _brief(recorded), _brief(played))
        elif care is Care.KIND:
            if not isinstance(recorded, dict) and bool(recorded) != bool(played):
                self._add_difference(Kind.VALUE, place, path, _brief(recorded), _brief(played))
        elif isinstance(recorded, dict):
            self._hashes(place, path, recorded, played)
        elif care in _EXACT and isinstance(recorded, list):
            self._lists(place, path, recorded, played)
        elif care in _EXACT:
            self._scalars(place, path, recorded, played)

    def _hashes(self, place: _Place, path: str, recorded: JSON, played: JSON) -> None:
        kind = played.get("object") or recorded.get("object")  # the double's kind is the reliable one
        if isinstance(kind, str) and (kind != "list" or not path):
            place, path = place.within(kind, path), ""
        if path.rpartition(".")[2] == "metadata":
            self._metadata(place, path, recorded, played)
            return
        for name in sorted({*recorded, *played}):
            inner = f"{path}.{name}" if path else name
            recorded_value, played_value = recorded.get(name, _NO_FIELD), played.get(name, _NO_FIELD)
            if place.care(inner) is Care.NONE:
                continue
            if recorded_value is _NO_FIELD:
                self._add_difference(Kind.MISSING, place, inner, None, _brief(played_value))
            elif played_value is _NO_FIELD:
                self._add_difference(Kind.EXTRA, place, inner, _brief(recorded_value), None)
            elif not (name in ("has_more", "total_count") and self._has_older(recorded)):
                self._values(place, inner, recorded_value, played_value)

    def _metadata(self, place: _Place, path: str, recorded: JSON, played: JSON) -> None:
        """Compares metadata exactly, because the product recognizes its own objects by their metadata."""
        for name in sorted({*recorded, *played}):
            recorded_value, played_value = recorded.get(name), played.get(name)
            if (name in recorded) != (name in played):
                kind = Kind.EXTRA if name in recorded else Kind.MISSING
                self._add_difference(kind, place, f"{path}.{name}", recorded_value, played_value)
            elif (
                self.ids.translate(recorded_value)
                if recorded_value and isinstance(recorded_value, str)
                else recorded_value
            ) != played_value:
                self._add_difference(Kind.VALUE, place, f"{path}.{name}", recorded_value, played_value)

    def _lists(self, place: _Place, path: str, recorded: list[JSON], played: list[JSON]) -> None:
        if not all(isinstance(each, dict) for each in (*recorded, *played)):
            self._plain_lists(place, path, recorded, played)
            return
        alignment = align([each for each in recorded if not self._is_older(each)], played, self.ids)
        for recorded_entry, played_entry in alignment.pairs:
            self._values(place, f"{path}.*", recorded_entry, played_entry)
        for kind, unpaired_entries in ((Kind.EXTRA, alignment.recorded), (Kind.MISSING, alignment.played)):
            for entry in unpaired_entries:
                values = (_brief(entry), None) if kind is Kind.EXTRA else (None, _brief(entry))
                self._add_difference(kind, place, f"{path}.*", *values)

    def _plain_lists(self, place: _Place, path: str, recorded: list[JSON], played: list[JSON]) -> None:
        """Compares lists of words as sets, and other lists by their length and their entries."""
        words = all(
            isinstance(each, str) and _WORD.match(each) and not looks_like_id(each) for each in (*recorded, *played)
        )
        if words and REDACTED not in recorded:
            if Counter(recorded) != Counter(played):
                self._add_difference(Kind.VALUE, place, path, sorted(recorded), sorted(played))
            return
        if len(recorded) != len(played):
            self._add_difference(Kind.VALUE, place, path, recorded, played)
        for recorded_entry, played_entry in zip(recorded, played, strict=False):
            self._values(place, f"{path}.*", recorded_entry, played_entry)

    def _scalars(self, place: _Place, path: str, recorded: Any, played: Any) -> None:
        if isinstance(recorded, str):
            different = self._texts(recorded, played)
        elif isinstance(recorded, bool):
            different = recorded != played
        else:
            different = recorded != played and not self._same_time(place, path, recorded, played)
        if different:
            self._add_difference(Kind.VALUE, place, path, recorded, played)

    def _same_time(self, place: _Place, path: str, recorded: float, played: float) -> bool:
        apart = allowed_seconds_apart(place.kind, path)
        return is_timestamp(path, recorded, played) and self.timeline.same_time(recorded, played, apart)

    def _texts(self, recorded: str, played: str) -> bool:
        """Returns True if two words differ, or two ids that are not a pair. Other texts are not compared.

        A redacted text differs from a word of the double, because the words of Stripe's API are never redacted.
        """
        if looks_like_id(recorded) and looks_like_id(played):
            if prefix(recorded) == "req":
                return False
            are_paired = self.ids.pair(recorded, played)
            return not are_paired or prefix(recorded) != prefix(played)
        if bool(recorded) != bool(played) or (looks_like_id(recorded) and _WORD.match(played)):
            return True
        if recorded == played or looks_like_id(recorded):
            return False
        return bool(_WORD.match(played) or (recorded != REDACTED and _WORD.match(recorded)))

    def _is_older(self, entry: JSON) -> bool:
        """Returns True for an object that existed before the recording began and that no other response contained.

        Webhook endpoints do not count, because the double has the platform's earlier endpoints.
        """
        created = entry.get("created")
        return entry.get("object") != "webhook_endpoint" and (
            isinstance(created, int) and created < self.made_before and self.ids.played_id(entry.get("id")) is None
        )

    def _has_older(self, list_object: JSON) -> bool:
        data = list_object.get("data")
        return isinstance(data, list) and any(isinstance(each, dict) and self._is_older(each) for each in data)

    def _add_difference(self, kind: Kind, place: _Place, path: str, recorded: Any, played: Any) -> None:
        object_name, full_path = place.label(path)
        self.differences.append(Difference(kind, self.step, self.request, object_name, full_path, recorded, played))


@dataclass(frozen=True)
class _Place:
    """The nearest enclosing object of a field, and the path to that object within an event."""

    kind: str
    event: str | None = None
    above: str = ""

    def within(self, kind: str, path: str) -> _Place:
        """Returns the place of the object at a path of this place."""
        return replace(self, kind=kind, above=f"{self.above}{path}." if path else self.above)

    def care(self, path: str) -> Care:
        """Returns how exactly the field at a path is compared."""
        return care(self.kind, path, self.event)

    def label(self, path: str) -> tuple[str, str]:
        """Returns the object and the path with which a difference names the field."""
        return (self.event, f"{self.above}{path}") if self.event else (self.kind, path)


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "decimal number"
    return {int: "number", str: "text", list: "list", dict: "hash"}[type(value)]


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def _brief(value: Any) -> Any:
    """Returns a short form of a value for a difference: the kind and id of a hash, or the length of a list."""
    if isinstance(value, dict):
        return {name: value[name] for name in ("object", "id", "type", "amount") if name in value}
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return value

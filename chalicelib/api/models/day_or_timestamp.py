"""Days and timestamps in query strings."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import instant
from chalicelib.api.models.exact import CustomType
from chalicelib.domain.terms import end_of_day

DAY = "2026-11-01"
_Timestamp = Annotated[dt.datetime, Meta(tz=True)]


class DayOrTimestamp(CustomType):
    """A day, which begins and ends in a time zone. If `day` is None, a timestamp in epoch seconds UTC."""

    SCHEMA: ClassVar[dict[str, object]] = {
        "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}],
        "examples": [DAY, f"{DAY}T09:30:00Z"],
    }

    __slots__ = ("day", "epoch_seconds")

    def __init__(self, day: dt.date | None, epoch_seconds: int = 0) -> None:
        self.day, self.epoch_seconds = day, epoch_seconds

    @classmethod
    def parse(cls, value: object) -> Self:
        """Returns the value of a query string as a day or a timestamp.

        Raises:
            ValueError: the value is neither a day nor a timestamp.
        """
        try:
            if len(str(value)) != len(DAY):
                return cls(None, int(msgspec.convert(value, _Timestamp).timestamp()))
            day = msgspec.convert(value, dt.date)
            if not dt.date.min < day < dt.date.max:
                raise OverflowError
            return cls(day)
        except (msgspec.ValidationError, OverflowError) as exc:
            raise ValueError(
                f"This is neither a day such as {DAY} nor a timestamp such as {DAY}T09:30:00Z; a + in a URL is "
                "written %2B"
            ) from exc

    def __str__(self) -> str:
        """Returns a text that `parse` turns back into this value."""
        return instant(self.epoch_seconds) if self.day is None else self.day.isoformat()

    def begins(self, time_zone: str) -> int:
        """Returns the day's first second in `time_zone`, or the timestamp, in epoch seconds UTC."""
        return self.epoch_seconds if self.day is None else end_of_day(self.day - dt.timedelta(days=1), time_zone) + 1

    def ends(self, time_zone: str) -> int:
        """Returns the first second after the day in `time_zone`, or the timestamp, in epoch seconds UTC."""
        return self.epoch_seconds if self.day is None else end_of_day(self.day, time_zone) + 1

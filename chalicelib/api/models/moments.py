"""Days and moments in query strings."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from chalicelib.api.models.exact import Readable

DAY = "2026-11-01"
_Moment = Annotated[dt.datetime, Meta(tz=True)]


class DayOrMoment(Readable):
    """A day in UTC, or a moment. `begin` and `end` are epoch seconds; of a moment they are the same."""

    SCHEMA: ClassVar[dict[str, object]] = {
        "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}],
        "examples": [DAY, f"{DAY}T09:30:00Z"],
    }

    __slots__ = ("begin", "end")

    def __init__(self, begin: int, end: int) -> None:
        self.begin, self.end = begin, end

    @classmethod
    def read(cls, value: object) -> Self:
        """Read what a query string held.

        Raises:
            ValueError: it is neither a day nor a moment.
        """
        try:
            if len(str(value)) != len(DAY):
                moment = int(msgspec.convert(value, _Moment).timestamp())
                return cls(moment, moment)
            day = msgspec.convert(value, dt.date)
            return cls(_midnight(day), _midnight(day + dt.timedelta(days=1)))
        except (msgspec.ValidationError, OverflowError) as exc:
            raise ValueError(
                f"This is neither a day such as {DAY} nor a moment such as {DAY}T09:30:00Z; a + in a URL is "
                "written %2B"
            ) from exc


def _midnight(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC).timestamp())

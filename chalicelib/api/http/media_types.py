"""The media type that a client prefers, for routes that offer two."""

from __future__ import annotations

from collections.abc import Iterator

CSV = "text/csv; charset=utf-8; header=present"
HTML = "text/html; charset=utf-8"


def prefers_csv(accept: str | None) -> bool:
    """Returns True if an Accept header (RFC 9110, 12.5.1) names CSV with a higher quality than JSON.

    Every other client gets JSON, whatever its Accept header says.
    """
    return _prefers("text/csv", accept)


def prefers_html(accept: str | None) -> bool:
    """Returns True if an Accept header names HTML, as browsers do, with a higher quality than JSON."""
    return _prefers("text/html", accept)


def _prefers(media_type: str, accept: str | None) -> bool:
    qualities = dict(_qualities(accept or ""))
    return qualities.get(media_type, 0.0) > qualities.get("application/json", 0.0)


def _qualities(accept: str) -> Iterator[tuple[str, float]]:
    """Yields each media type with its quality, from 0 to 1. An unreadable quality counts as 0."""
    for each in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in each.split(";"))
        quality = next((part.removeprefix("q=") for part in parameters if part.startswith("q=")), "1")
        yield media_type, float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0

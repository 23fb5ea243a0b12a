"""The headers of a request as they were sent. WSGI joins repeated headers, and may add empty ones."""

from __future__ import annotations

import json
from collections import defaultdict

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, get_header_lines

from infra.local.wsgi import Environ

_VALUES = "(VALUES)"
"""A header name that no client can send, because it is not a token of HTTP."""


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Stores each value of each header, as JSON among the headers."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        values: defaultdict[str, list[str]] = defaultdict(list)
        _, _, lines = header_plus.partition(b"\r\n")
        for line in get_header_lines(lines):
            name, _, value = line.partition(b":")
            values[name.decode("latin-1").lower()].append(value.strip(b" \t").decode("latin-1"))
        self.headers[_VALUES] = json.dumps(values)


class KeepingChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """Reads requests so that `header_values` can return their headers as they were sent."""

    parser_class = _Parser


def header_values(environ: Environ) -> dict[str, list[str]]:
    """Returns the values of each header by its name in lower case. With another server, joined values stay joined."""
    values_json = environ.get(f"HTTP_{_VALUES}")
    if values_json is not None:
        values: dict[str, list[str]] = json.loads(values_json)
        return values
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): [value]
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    }

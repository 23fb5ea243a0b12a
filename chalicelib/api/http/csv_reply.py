"""Replies with a page of a list as CSV."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from chalicelib import bootstrap
from chalicelib.api.http.media_types import CSV
from chalicelib.api.http.route_table import Reply
from chalicelib.api.http.routing import PREFIX
from chalicelib.ports.storage import Page


def csv_reply(table: str, path: str, query: msgspec.Struct, page: Page[Any]) -> Reply:
    """Returns a CSV table, with the address of the next page in the header `Link` if there is a next page.

    `page` is the page that the table shows. `query` has the parameters with which the page was requested.
    """
    link = {}
    if page.has_next and page.end_cursor is not None:
        link = {"Link": f'<{_address(path, query, page.end_cursor)}>; rel="next"'}
    return Reply(table.encode(), headers=link, content_type=CSV)


def _address(path: str, query: msgspec.Struct, after: str) -> str:
    """Returns the address of the page that begins behind this cursor."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(query)}
    query_values = {names[name]: value for name, value in msgspec.structs.asdict(query).items()}
    parameters = {name: str(value) for name, value in {**query_values, "after": after}.items() if value is not None}
    return f"{bootstrap.config().public_api_url}{PREFIX}{path}?{urlencode(parameters)}"

"""The table of routes in `docs/api.md`, made from the route table."""

from __future__ import annotations

import re

import app  # noqa: F401 -- registers the routes
from chalicelib.api.http.route_table import ROUTES, Role, Route
from chalicelib.api.http.routing import PREFIX
from infra.contract import document

NAME = "api.md"
_TABLE = re.compile(r"^\| method and path \|.*?(?=\n\n)", re.MULTILINE | re.DOTALL)


def write_routes() -> None:
    """Writes the table of routes into the page."""
    page = document.DOCS / NAME
    page.write_text(with_routes(page.read_text()))


def with_routes(page: str) -> str:
    """Returns the page's text with the table of the routes as they are declared now."""
    head = "| method and path | role | does |\n|---|---|---|\n"
    return _TABLE.sub(lambda _: head + "\n".join(_row(route) for route in ROUTES), page, count=1)


def _row(route: Route) -> str:
    summary = " ".join(route.doc.partition("\n\n")[0].split())
    return f"| `{route.method} {route.path.removeprefix(PREFIX)}` | {_role(route)} | {summary} |"


def _role(route: Route) -> str:
    if route.role is not Role.PUBLIC:
        return route.role.value
    return "signature" if route.raw_body else "\u2013"

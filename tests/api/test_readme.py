"""The README's table of the API is the route table."""

from __future__ import annotations

import re
from pathlib import Path

import app  # noqa: F401 registers the routes
from chalicelib.api.http.route_table import ROUTES, Role

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_lists_every_route_with_its_role() -> None:
    rows = re.findall(r"^\| `([A-Z]+ /\S+)` \| (\S+) \| .+ \|$", README.read_text(), re.MULTILINE)
    routes = {f"{route.method} {route.path.removeprefix('/v1')}": route.role for route in ROUTES}
    assert sorted(name for name, _ in rows) == sorted(routes)
    public = {"\u2013", "signature"}
    assert {name for name, role in rows if role in public} == {
        name for name, role in routes.items() if role is Role.PUBLIC
    }
    assert all(role == routes[name].value for name, role in rows if role not in public)

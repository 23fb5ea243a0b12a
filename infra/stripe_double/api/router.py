"""Finds the route of a request."""

from __future__ import annotations

from collections.abc import Iterable

from ..objects.call import Route


class Router:
    """Finds a route by method and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_size: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in routes:
            parts = route.template.split("/")
            self._by_size.setdefault((route.method, len(parts)), []).append((parts, route))

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Returns the route and the ids in its path; None if no route matches."""
        path_parts = path.split("/")
        for parts, route in self._by_size.get((method, len(path_parts)), ()):
            args: dict[str, str] = {}
            for template_part, path_part in zip(parts, path_parts, strict=True):
                if template_part.startswith("{") and path_part:
                    args[template_part[1:-1]] = path_part
                elif template_part != path_part:
                    break
            else:
                return route, args
        return None

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
        """Returns the route and the ids in its path, or None."""
        given = path.split("/")
        for parts, route in self._by_size.get((method, len(given)), ()):
            args: dict[str, str] = {}
            for want, have in zip(parts, given, strict=True):
                if want.startswith("{") and have:
                    args[want[1:-1]] = have
                elif want != have:
                    break
            else:
                return route, args
        return None

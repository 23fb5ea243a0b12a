"""The fixtures of `tests/api`: the API over a small world."""

from __future__ import annotations

from tests.api.conftest import _quiet_metrics, api, app, world

__all__ = ["_quiet_metrics", "api", "app", "world"]

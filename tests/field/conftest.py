"""The API over a whole small world, as in `tests/api`."""

from __future__ import annotations

from tests.api.conftest import _quiet_metrics, api, app, world

__all__ = ["_quiet_metrics", "api", "app", "world"]

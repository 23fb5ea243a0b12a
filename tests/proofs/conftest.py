"""The API over a whole small world, as the tests of the API have it."""

from tests.api.conftest import _quiet_metrics, api, app, world

__all__ = ["_quiet_metrics", "api", "app", "world"]

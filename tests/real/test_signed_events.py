"""`tests/properties/test_signed_events.py` on DynamoDB Local, which refuses keys and items as AWS does."""

import pytest

from tests.api.conftest import _quiet_metrics, api, app, world
from tests.properties.test_signed_events import (
    door,
    test_bodies_of_other_shapes,
    test_json_that_is_hardly_any,
    test_whatever_stands_anywhere_in_an_event,
)
from tests.real.contracts.conftest import aws, stores_on_tables

__all__ = [
    "_quiet_metrics",
    "api",
    "app",
    "aws",
    "door",
    "stores_on_tables",
    "test_bodies_of_other_shapes",
    "test_json_that_is_hardly_any",
    "test_whatever_stands_anywhere_in_an_event",
    "world",
]

pytestmark = pytest.mark.real

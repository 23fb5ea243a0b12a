"""`tests/properties/test_signed_events.py` on DynamoDB Local, which refuses keys and items as AWS does."""

import pytest

from tests.api.conftest import _quiet_metrics, api, app, world
from tests.properties.test_signed_events import (
    endpoint,
    test_any_value_at_any_place_of_a_signed_event_is_handled,
    test_signed_bodies_of_other_shapes_are_handled,
    test_signed_json_that_is_hardly_an_event_is_handled,
)
from tests.real.contracts.conftest import aws, stores_on_tables

__all__ = [
    "_quiet_metrics",
    "api",
    "app",
    "aws",
    "endpoint",
    "stores_on_tables",
    "test_any_value_at_any_place_of_a_signed_event_is_handled",
    "test_signed_bodies_of_other_shapes_are_handled",
    "test_signed_json_that_is_hardly_an_event_is_handled",
    "world",
]

pytestmark = pytest.mark.real

"""`tests/contracts/test_connection_store.py` on the real stand-ins."""

import pytest

from tests.contracts.test_connection_store import *  # noqa: F403

pytestmark = pytest.mark.real

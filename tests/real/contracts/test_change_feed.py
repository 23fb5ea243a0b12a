"""`tests/contracts/test_change_feed.py` on the real stand-ins."""

import pytest

from tests.contracts.test_change_feed import *  # noqa: F403

pytestmark = pytest.mark.real

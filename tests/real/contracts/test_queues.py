"""`tests/contracts/test_queues.py` on the real stand-ins."""

import pytest

from tests.contracts.test_queues import *  # noqa: F403

pytestmark = pytest.mark.real

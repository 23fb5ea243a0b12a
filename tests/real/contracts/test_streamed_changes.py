"""`tests/contracts/test_streamed_changes.py` on the real stand-ins."""

import pytest

from tests.contracts.test_streamed_changes import *  # noqa: F403

pytestmark = pytest.mark.real

"""`tests/contracts/test_summary_store.py` on the real stand-ins."""

import pytest

from tests.contracts.test_summary_store import *  # noqa: F403

pytestmark = pytest.mark.real

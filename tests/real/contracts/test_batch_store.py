"""`tests/contracts/test_batch_store.py` on the real stand-ins."""

import pytest

from tests.contracts.test_batch_store import *  # noqa: F403

pytestmark = pytest.mark.real

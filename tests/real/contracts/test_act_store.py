"""`tests/contracts/test_act_store.py` on the real stand-ins."""

import pytest

from tests.contracts.test_act_store import *  # noqa: F403

pytestmark = pytest.mark.real

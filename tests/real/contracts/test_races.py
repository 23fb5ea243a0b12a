"""`tests/contracts/test_races.py` on the real stand-ins."""

import pytest

from tests.contracts.test_races import *  # noqa: F403

pytestmark = pytest.mark.real

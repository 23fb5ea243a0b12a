"""`tests/contracts/test_erasing.py` on the real stand-ins."""

import pytest

from tests.contracts.test_erasing import *  # noqa: F403

pytestmark = pytest.mark.real

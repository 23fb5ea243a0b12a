"""`tests/contracts/test_payment_store.py` on the real stand-ins."""

import pytest

from tests.contracts.test_payment_store import *  # noqa: F403

pytestmark = pytest.mark.real

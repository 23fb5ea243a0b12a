"""`tests/contracts/test_customer_pages.py` on the real stand-ins."""

import pytest

from tests.contracts.test_customer_pages import *  # noqa: F403

pytestmark = pytest.mark.real

"""`tests/contracts/test_invoice_store.py` on the real stand-ins."""

import pytest

from tests.contracts.test_invoice_store import *  # noqa: F403

pytestmark = pytest.mark.real

"""`tests/contracts/test_claims.py` on the real stand-ins."""

import pytest

from tests.contracts.test_claims import *  # noqa: F403

pytestmark = pytest.mark.real

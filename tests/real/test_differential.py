"""`tests/proofs/test_differential.py` on DynamoDB Local: stores in memory and tables agree in random lives."""

import pytest

from tests.proofs.test_differential import test_both_answer_the_same_to_whatever_is_done
from tests.real.contracts.conftest import aws, stores_on_tables

__all__ = ["aws", "stores_on_tables", "test_both_answer_the_same_to_whatever_is_done"]

pytestmark = pytest.mark.real

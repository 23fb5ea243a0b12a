"""`tests/proofs/test_differential.py` on DynamoDB Local: stores in memory and tables agree in random lives."""

import pytest

from tests.proofs.test_differential import test_both_answer_the_same_to_whatever_is_done

__all__ = ["test_both_answer_the_same_to_whatever_is_done"]

pytestmark = pytest.mark.real

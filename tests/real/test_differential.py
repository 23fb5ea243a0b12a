"""`tests/proofs/test_differential.py` on DynamoDB Local: memory stores and tables return the same for random
operations.
"""

import pytest

from tests.proofs.test_differential import test_the_memory_store_and_the_table_return_the_same_for_random_operations
from tests.real.contracts.conftest import aws, stores_on_tables

__all__ = ["aws", "stores_on_tables", "test_the_memory_store_and_the_table_return_the_same_for_random_operations"]

pytestmark = pytest.mark.real

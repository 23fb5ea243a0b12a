"""Every contract test also runs on DynamoDB Local."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.real

HERE = Path(__file__).resolve().parent


def test_each_contract_test_also_runs_on_dynamodb_local() -> None:
    contracts = {path.name for path in (HERE.parent / "contracts").glob("test_*.py")}
    twins = {path.name for path in (HERE / "contracts").glob("test_*.py")}

    assert twins == contracts, "copy a twin in tests/real/contracts and change its two names"
    for name in twins:
        text = (HERE / "contracts" / name).read_text()
        assert f"from tests.contracts.{name.removesuffix('.py')} import *" in text
        assert "pytestmark = pytest.mark.real" in text
        contract = (HERE.parent / "contracts" / name).read_text()
        assert "__all__" not in contract, "its twin would import what is listed, and no test"

"""The operator flies a canary."""

from __future__ import annotations

import json
from pathlib import Path

from tests.ops.conftest import Operator


def test_a_canary_that_arrives_is_a_success(operator: Operator) -> None:
    document = operator.asks("canary")
    assert document["verdict"] == "passed"
    assert document["milliseconds"] >= 0


def test_a_canary_that_does_not_arrive_is_a_failure(operator: Operator, tmp_path: Path) -> None:
    stack_description = json.loads(operator.file.read_text())
    stack_description["environment"]["PUBLIC_API_URL"] = "http://127.0.0.1:9"
    file = tmp_path / "closed.json"
    file.write_text(json.dumps(stack_description))
    with Operator(file) as elsewhere:
        result = elsewhere.does("--json", "canary")
    assert (result.status, result.json["verdict"]) == (1, "no_answer")

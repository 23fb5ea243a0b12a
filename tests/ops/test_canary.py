"""The operator flies a canary."""

from __future__ import annotations

import json
from pathlib import Path

from tests.ops.conftest import Operator


def test_a_canary_that_arrives_is_a_success(operator: Operator) -> None:
    told = operator.asks("canary")
    assert told["verdict"] == "passed"
    assert told["milliseconds"] >= 0


def test_a_canary_that_does_not_arrive_is_a_failure(operator: Operator, tmp_path: Path) -> None:
    described = json.loads(operator.file.read_text())
    described["environment"]["PUBLIC_API_URL"] = "http://127.0.0.1:9"
    file = tmp_path / "closed.json"
    file.write_text(json.dumps(described))
    with Operator(file) as elsewhere:
        said = elsewhere.does("--json", "canary")
    assert (said.status, said.json["verdict"]) == (1, "no_answer")

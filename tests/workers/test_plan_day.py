"""The hourly plan measures the age of each secret."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from chalicelib import bootstrap, observability
from chalicelib.functions import Secret
from chalicelib.workers import plan_day
from tests.world import World


@pytest.mark.parametrize(
    ("days", "ages", "unknown"),
    [
        ({Secret.PLATFORM: 91, Secret.WEBHOOK: 0}, {"platform": [91.0], "webhook": [0.0]}, [0.0]),
        ({Secret.PLATFORM: None, Secret.WEBHOOK: 7}, {"webhook": [7.0]}, [1.0]),
        ({Secret.PLATFORM: None, Secret.WEBHOOK: None}, {}, [2.0]),
    ],
)
def test_each_secrets_age_is_a_metric_and_an_unknown_age_is_counted(
    days: dict[Secret, int | None],
    ages: dict[str, list[float]],
    unknown: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    monkeypatch.setattr(observability, "_cold", False)
    world = World()
    monkeypatch.setattr(bootstrap, "ports", lambda: world.ports)
    monkeypatch.setattr(bootstrap, "secret_ages", lambda: SimpleNamespace(days=lambda: days))
    plan_day._plan()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    assert {line["secret"]: line["SecretAge"] for line in lines if "SecretAge" in line} == ages
    assert [line["SecretAgesUnknown"] for line in lines if "SecretAgesUnknown" in line] == [unknown]

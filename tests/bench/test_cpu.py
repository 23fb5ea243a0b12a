"""`make bench ARGS=cpu` has no gate, so a change could break it unnoticed. This test runs it a few times."""

from __future__ import annotations

import pytest

from tests.bench import cpu, cpu_whole


def test_the_cpu_of_a_webhook_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "ROUNDS", dict.fromkeys(cpu.ROUNDS, 2))
    monkeypatch.setattr(cpu, "SDK_ROUNDS", 1)
    monkeypatch.setattr(cpu_whole, "ROUNDS", 2)
    measured = {figure.what for figure in cpu.measure()}
    assert {"webhook CPU, 3 KB, our own code, p50", "webhook CPU, 3 KB, whole, the wire stubbed"} <= measured

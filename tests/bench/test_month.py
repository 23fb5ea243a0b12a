"""What stands still is counted in the template, so an alarm more costs more without anybody telling the bench."""

from __future__ import annotations

import pytest

from infra.template import merge_template
from tests.bench.month import gigabytes, if_on, watching
from tests.bench.prices import price_list

RESOURCES = merge_template()["Resources"]


def test_an_alarm_costs_as_many_metrics_as_it_reads() -> None:
    [name, alarm] = next((n, r) for n, r in RESOURCES.items() if n == "BackupCopiesAlarm")
    without = {key: each for key, each in RESOURCES.items() if key != name}
    read = sum("MetricStat" in each for each in alarm["Properties"]["Metrics"])
    saved = watching(RESOURCES).total - watching(without).total
    assert saved == pytest.approx(price_list().prices["alarm_metric"].of(read))
    assert read == 3


def test_copies_in_another_region_cost_only_where_the_template_has_them() -> None:
    without = {name: each for name, each in RESOURCES.items() if not each["Type"].startswith("AWS::Backup")}
    backup = "AWS Backup, kept"
    assert backup not in if_on(10, without).components
    assert if_on(10, RESOURCES).components[backup] == pytest.approx(gigabytes(10) * 15 * 0.10)
    assert if_on(0, RESOURCES).components[backup] == 0

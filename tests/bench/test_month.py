"""The fixed costs are counted in the template, so a new alarm raises the figure without a change of the bench."""

from __future__ import annotations

import pytest

from chalicelib.functions import API_HANDLER, AUTHORIZER, BY_NAME
from infra.template import merge_template
from tests.bench.month import FREE, PAID, gigabytes, if_on, month, watching
from tests.bench.prices import price_list
from tests.infrastructure.cloudformation import transformed, with_uploaded_code
from tests.infrastructure.conftest import Package, package

__all__ = ["package"]

RESOURCES = merge_template()["Resources"]


def test_an_alarm_costs_the_price_of_each_metric_that_it_reads() -> None:
    [name, alarm] = next((n, r) for n, r in RESOURCES.items() if n == "BackupCopiesAlarm")
    without = {key: each for key, each in RESOURCES.items() if key != name}
    read = sum("MetricStat" in each for each in alarm["Properties"]["Metrics"])
    saved = watching(RESOURCES).total - watching(without).total
    assert saved == pytest.approx(price_list().prices["alarm_metric"].of(read))
    assert read == 3


def test_backups_in_another_region_cost_only_if_the_template_has_them() -> None:
    without = {name: each for name, each in RESOURCES.items() if not each["Type"].startswith("AWS::Backup")}
    backup = "AWS Backup, kept"
    assert backup not in if_on(10, without).components
    assert if_on(10, RESOURCES).components[backup] == pytest.approx(gigabytes(10) * 15 * 0.10)
    assert if_on(0, RESOURCES).components[backup] == 0


def test_snapstart_is_charged_by_the_memory_of_its_functions() -> None:
    """Lambda's price list has GB-seconds for a version, and GB for each restore."""
    memory = (BY_NAME[API_HANDLER].memory + BY_NAME[AUTHORIZER].memory) / 1024
    assert memory == 1.5
    components = if_on(0, RESOURCES).components
    assert components["SnapStart, cached"] == pytest.approx(1.5 * 730 * 3600 * 0.0000015046)
    assert components["SnapStart, restored"] == pytest.approx(1000 * 1.5 * 0.0001397998)


def test_a_customer_managed_key_costs_a_monthly_fee_and_the_requests_of_each_queue() -> None:
    without = {name: each for name, each in RESOURCES.items() if each["Type"] != "AWS::SQS::Queue"}
    asked = "Own key, asked by SQS at most"
    assert if_on(0, RESOURCES).components["Own key"] == 1
    assert if_on(0, without).components[asked] == 0
    assert if_on(0, RESOURCES).components[asked] > 0


@pytest.mark.package
def test_every_resource_type_of_the_deployed_template_is_in_a_bill_or_listed_as_free(package: Package) -> None:
    types = {each["Type"] for each in transformed(with_uploaded_code(package.template))["Resources"].values()}
    assert types == PAID.keys() | FREE.keys()
    assert not PAID.keys() & FREE.keys()
    assert set(PAID.values()) <= month(1, RESOURCES).components.keys() | if_on(1, RESOURCES).components.keys()

"""What a stage costs a month, by component: what stands still, from the template itself, and what companies do.

How many companies there are and what they do is assumed as in the bench of sweeps: `sweep_town.KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console

from infra.template import merge_template
from tests.bench.bill import Bill
from tests.bench.cost import HOURS, SECONDS, an_invoice, busy_organization, show, standing
from tests.bench.figures import Figure, only_told
from tests.bench.prices import price_list
from tests.bench.sweep_town import KINDS

Resources = Mapping[str, Mapping[str, Any]]

STAGES = {"idle": 0, "small": 10, "large": 1000}
"""Connected companies."""
INVOICES = sum(kind.share * kind.invoices for kind in KINDS)
"""Of a company in a month."""
DAYS = 28
"""Of the month that `KINDS` counts."""
HOURLY, SIX_HOURLY = 1 / 6, 1 / 36
"""Sweeps of a company on whose account nothing happened for a day, and for a week, as shares of a busy one's."""
YEARS_KEPT = 1
KB_OF_AN_INVOICE = 8
"""Stored of an invoice with its claims, money, events and indexes, when the stage is `YEARS_KEPT` old."""
BACKED_UP_DAYS = 15
"""Copies of a table that are kept: one in its own region and 14 in the other."""
WAF_REQUESTS = 30
"""Requests of an invoice: people's, and Stripe's webhooks."""


def measure() -> list[Figure]:
    """Prints the table, and tells what each stage comes to."""
    resources = merge_template()["Resources"]
    bills = {f"{name}, {companies:,} companies": month(companies, resources) for name, companies in STAGES.items()}
    optional = {f"{name}, if all is on": if_on(companies, resources) for name, companies in STAGES.items()}
    show(bills, Console(width=140))
    show(optional, Console(width=140))
    prices = price_list()
    how = f"list prices of {prices.as_of}, {prices.region}"
    return [only_told(f"a month: {name}", bill.total, "$", how) for name, bill in (bills | optional).items()]


def month(companies: int, resources: Resources) -> Bill:
    """What a month costs with so many companies."""
    price = price_list().prices
    invoices = companies * INVOICES
    stored = gigabytes(companies)
    kept = {
        **standing().components,
        **watching(resources).components,
        "Tables, stored": price["dynamodb_stored"].of(stored),
        "Tables, restorable to a second": price["dynamodb_backed_up"].of(stored),
    }
    business = an_invoice().times(invoices) + busy_organization().times(companies * _swept())
    return Bill(kept) + business


def watching(resources: Resources) -> Bill:
    """Alarms and dashboards, as the template has them."""
    price = price_list().prices
    measured = sum(
        "MetricStat" in each
        for alarm in of_type(resources, "AWS::CloudWatch::Alarm")
        for each in alarm["Properties"]["Metrics"]
    )
    composites = len(list(of_type(resources, "AWS::CloudWatch::CompositeAlarm")))
    dashboards = len(list(of_type(resources, "AWS::CloudWatch::Dashboard")))
    return Bill(
        {
            "Alarms": price["alarm_metric"].of(measured) + price["composite_alarm"].of(composites),
            "Dashboard": price["dashboard"].of(dashboards),
        }
    )


def if_on(companies: int, resources: Resources) -> Bill:
    """What the parameters add that are off by default: copies in another region, a web ACL."""
    price = price_list().prices
    components: dict[str, float] = {}
    stored = gigabytes(companies)
    if any(of_type(resources, "AWS::Backup::BackupPlan")):
        days = HOURS / 24
        components["AWS Backup, kept"] = price["backup_stored"].of(stored * BACKED_UP_DAYS)
        components["AWS Backup, copied daily"] = price["backup_copied"].of(stored * days)
    for acl in of_type(resources, "AWS::WAFv2::WebACL"):
        rules = len(acl["Properties"]["Rules"])
        components["WAF"] = price["waf_acl"].of(1) + price["waf_rule"].of(rules)
        components["WAF, requests"] = price["waf_request"].of(companies * INVOICES * WAF_REQUESTS)
    snapped = [each for each in of_type(resources, "AWS::Serverless::Function") if "SnapStart" in each["Properties"]]
    if snapped:
        memory = sum(float(each["Properties"].get("MemorySize", 512)) for each in snapped) / 1024
        components["SnapStart, one version of each function"] = price["snapstart_cached"].of(memory * SECONDS)
    return Bill(components)


def of_type(resources: Resources, kind: str) -> Iterable[Mapping[str, Any]]:
    """The resources of a type."""
    return (each for each in resources.values() if each["Type"] == kind)


def gigabytes(companies: int) -> float:
    """What the tables hold."""
    return companies * INVOICES * 12 * YEARS_KEPT * KB_OF_AN_INVOICE / 1e6


def _swept() -> float:
    """Sweeps of the average company, as a share of a busy one's."""
    return sum(kind.share * _of_kind(kind.days) for kind in KINDS)


def _of_kind(busy_days: int) -> float:
    busy = busy_days / DAYS
    return busy + (1 - busy) * (HOURLY if busy_days else SIX_HOURLY)

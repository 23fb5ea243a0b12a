"""The monthly cost of a stage by component: fixed costs, counted in the template, and the activity of companies.

`sweep_town.KINDS` has the assumed number and activity of companies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console

from chalicelib.domain.retention import FUNCTION_LOGS
from chalicelib.functions import FUNCTIONS
from infra.template import merge_template
from infra.template.snapstart import snapstart
from tests.bench.bill import Bill
from tests.bench.cost import HOURS, KMS_SECONDS, SECONDS, an_invoice, busy_organization, show, standing
from tests.bench.figures import Figure, no_budget
from tests.bench.prices import price_list
from tests.bench.sweep_town import KINDS

Resources = Mapping[str, Mapping[str, Any]]

STAGES = {"idle": 0, "small": 10, "large": 1000}
"""The number of connected companies."""
INVOICES = sum(kind.share * kind.invoices for kind in KINDS)
"""The invoices of a company in a month."""
DAYS = 28
"""The days of the month that `KINDS` counts."""
HOURLY, SIX_HOURLY = 1 / 6, 1 / 36
"""The sweeps of a company whose account had no activity for a day, and for a week, as shares of a busy company's
sweeps.
"""
YEARS_KEPT = 1
KB_OF_AN_INVOICE = 8
"""The stored KB of an invoice with its claims, money, events and indexes, when the stage is `YEARS_KEPT` old."""
BACKED_UP_DAYS = 15
"""The stored copies of a table: one in its own region and 14 in the other."""
WAF_REQUESTS = 30
"""The requests for an invoice: people's, and Stripe's webhooks."""
COLD_STARTS = 1000
"""The starts in a month of each function that starts from a snapshot."""
PRODUCERS, CONSUMERS = 1, 1
"""The principals that send to a queue or receive from it within the minutes for which SQS caches a KMS key."""

PAID: Mapping[str, str] = {
    "AWS::ApiGateway::RestApi": "API Gateway",
    "AWS::Backup::BackupPlan": "AWS Backup, copied daily",
    "AWS::Backup::BackupVault": "AWS Backup, kept",
    "AWS::CloudWatch::Alarm": "Alarms",
    "AWS::CloudWatch::CompositeAlarm": "Alarms",
    "AWS::CloudWatch::Dashboard": "Dashboard",
    "AWS::DynamoDB::Table": "Tables, stored",
    "AWS::Events::EventBus": "EventBridge",
    "AWS::Events::Rule": "Schedules",
    "AWS::Lambda::EventSourceMapping": "SQS, polling",
    "AWS::Lambda::Function": "Lambda, time",
    "AWS::Lambda::Version": "SnapStart, cached",
    "AWS::Logs::LogGroup": "Logs, kept",
    "AWS::SQS::Queue": "SQS",
    "AWS::WAFv2::WebACL": "WAF",
}
"""The billed resource types of the deployed template, each with its component of a bill."""
FREE: Mapping[str, str] = {
    "AWS::ApiGateway::BasePathMapping": "requests are paid",
    "AWS::ApiGateway::Deployment": "requests are paid",
    "AWS::ApiGateway::DomainName": "a regional domain has no price, nor has its certificate in ACM",
    "AWS::ApiGateway::Stage": "requests are paid; it has no cache",
    "AWS::Backup::BackupSelection": "copies are paid",
    "AWS::CodeDeploy::Application": "CodeDeploy has no price for Lambda",
    "AWS::CodeDeploy::DeploymentGroup": "CodeDeploy has no price for Lambda",
    "AWS::IAM::ManagedPolicy": "IAM has no price",
    "AWS::IAM::Role": "IAM has no price",
    "AWS::Lambda::Alias": "invocations are paid",
    "AWS::Lambda::EventInvokeConfig": "invocations are paid",
    "AWS::Lambda::Permission": "invocations are paid",
    "AWS::Logs::QueryDefinition": "a query is paid when somebody runs it: half a cent for each GB that it reads",
    "AWS::SQS::QueuePolicy": "requests are paid",
    "AWS::WAFv2::WebACLAssociation": "the web ACL is paid",
}
"""The resource types that cost nothing themselves, with the reason."""


def measure() -> list[Figure]:
    """Prints the table and returns the total of each stage."""
    resources = merge_template()["Resources"]
    bills = {f"{name}, {companies:,} companies": month(companies, resources) for name, companies in STAGES.items()}
    optional = {f"{name}, if all is on": if_on(companies, resources) for name, companies in STAGES.items()}
    show(bills, Console(width=140))
    show(optional, Console(width=140))
    prices = price_list()
    how = f"list prices of {prices.as_of}, {prices.region}"
    return [no_budget(f"a month: {name}", bill.total, "$", how) for name, bill in (bills | optional).items()]


def month(companies: int, resources: Resources) -> Bill:
    """Returns the costs of a month with this number of companies."""
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
    # An upper limit: the functions' logs are retained for a shorter time than the access log.
    logs = business.components.get("Logs", 0) / price["logs_ingested"].dollars
    kept["Logs, kept"] = price["logs_stored"].of(logs * FUNCTION_LOGS.days / (HOURS / 24))
    return Bill(kept) + business


def watching(resources: Resources) -> Bill:
    """Returns the costs of the alarms and dashboards in the template."""
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
    """Returns the additional costs of the parameters that are off by default. Signing, the boundary and the role have
    no price.
    """
    stored = gigabytes(companies)
    components: dict[str, float] = {}
    if any(of_type(resources, "AWS::Backup::BackupPlan")):
        components |= _copied(stored)
    for acl in of_type(resources, "AWS::WAFv2::WebACL"):
        components |= _filtered(len(acl["Properties"]["Rules"]), companies * INVOICES * WAF_REQUESTS)
    return Bill(components | _snapped() | _with_own_key(len(list(of_type(resources, "AWS::SQS::Queue")))))


def _copied(stored: float) -> dict[str, float]:
    price = price_list().prices
    return {
        "AWS Backup, kept": price["backup_stored"].of(stored * BACKED_UP_DAYS),
        "AWS Backup, copied daily": price["backup_copied"].of(stored * HOURS / 24),
    }


def _filtered(rules: int, requests: float) -> dict[str, float]:
    price = price_list().prices
    return {
        "WAF": price["waf_acl"].of(1) + price["waf_rule"].of(rules),
        "WAF, requests": price["waf_request"].of(requests),
    }


def _snapped() -> dict[str, float]:
    """Returns the costs of SnapStart: one stored version of each function that uses it, and its restores."""
    price = price_list().prices
    gigabytes = sum(function.memory / 1024 for function in FUNCTIONS if snapstart(function))
    return {
        "SnapStart, cached": price["snapstart_cached"].of(gigabytes * SECONDS),
        "SnapStart, restored": price["snapstart_restored"].of(gigabytes * COLD_STARTS),
    }


def _with_own_key(queues: int) -> dict[str, float]:
    """Returns the costs of the stage's own KMS key.

    The requests for tables are in "KMS, at most" in any case.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    """
    price = price_list().prices
    requests = queues * (2 * PRODUCERS + CONSUMERS) * SECONDS / KMS_SECONDS
    return {"Own key": price["kms_key"].of(1), "Own key, asked by SQS at most": price["kms_request"].of(requests)}


def of_type(resources: Resources, kind: str) -> Iterable[Mapping[str, Any]]:
    """Returns the resources of a type."""
    return (each for each in resources.values() if each["Type"] == kind)


def gigabytes(companies: int) -> float:
    """Returns the size of the tables in gigabytes."""
    return companies * INVOICES * 12 * YEARS_KEPT * KB_OF_AN_INVOICE / 1e6


def _swept() -> float:
    """Returns the sweeps of the average company, as a share of a busy company's sweeps."""
    return sum(kind.share * _of_kind(kind.days) for kind in KINDS)


def _of_kind(busy_days: int) -> float:
    busy = busy_days / DAYS
    return busy + (1 - busy) * (HOURLY if busy_days else SIX_HOURLY)

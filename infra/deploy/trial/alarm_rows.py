"""Rows about CloudWatch's alarms: they exist, notify a topic, and have data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.deploy.findings import CheckFailed
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Harmless, NotTried, Row
from infra.template.alarm_list import ALARMS, COMPOSITES
from infra.template.alarms import TOPICS, Alarm, Composite, Grade
from infra.template.backup import COPY_VAULT
from infra.template.intrinsics import Json
from infra.template.measures import STACK
from infra.template.secret_alarms import SECRET_ALARMS

QUOTA_ALARM = "ConcurrencyHigh"
AN_HOUR = 3600
TEMPLATE_ALARMS: tuple[Alarm | Composite, ...] = (*ALARMS, *COMPOSITES)


def alarms(site: Site) -> dict[str, dict[str, Any]]:
    """Returns the stage's alarms in CloudWatch, by their names without the stack's prefix."""
    pages = site.client("cloudwatch").get_paginator("describe_alarms")
    prefix = f"{site.name}-"
    pages_of_alarms = pages.paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {
        each["AlarmName"].removeprefix(prefix): each
        for page in pages_of_alarms
        for each in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
    }


def _notify_topics(site: Site) -> str:
    by_name = alarms(site)

    def faults() -> Iterator[str]:
        for each in TEMPLATE_ALARMS:
            alarm = by_name.get(each.name)
            topic = [] if each.grade is Grade.SIGNAL else [site.parameters[TOPICS[each.grade]]]
            if alarm is None:
                yield f"{each.name} does not exist"
            elif alarm.get("AlarmActions", []) != topic:
                yield f"{each.name} notifies {', '.join(alarm.get('AlarmActions', [])) or 'nobody'}"
            elif topic and not alarm.get("ActionsEnabled", True):
                yield f"the actions of {each.name} are switched off"

    if problems := list(faults()):
        raise CheckFailed("; ".join(problems))
    return f"{len(by_name)}, each with the topic of its grade"


def _have_data(site: Site) -> str:
    by_name = alarms(site)
    without_data = sorted(name for name, each in by_name.items() if each["StateValue"] == "INSUFFICIENT_DATA")
    if without_data:
        raise Harmless(
            f"no data yet for {', '.join(without_data)}: if that lasts for an hour, a metric is not written"
        )
    return f"{len(by_name)} are judged"


def _quota(site: Site) -> str:
    alarm = alarms(site).get(QUOTA_ALARM)
    if alarm is None:
        raise CheckFailed(f"{QUOTA_ALARM} does not exist")
    if alarm["StateValue"] == "INSUFFICIENT_DATA":
        raise CheckFailed(
            f"{QUOTA_ALARM} has no data, so SERVICE_QUOTA has no value here: {alarm.get('StateReason')}"
        )
    return f"{QUOTA_ALARM} is {alarm['StateValue']}: {alarm.get('StateReason')}"


def _secret_ages(site: Site) -> str:
    return _require_metrics(site, SECRET_ALARMS, "an hour")


def _backup_metrics(site: Site) -> str:
    if not site.parameters.get(COPY_VAULT):
        raise NotTried(f"the stage has no {COPY_VAULT}: AWS Backup writes no metrics")
    return _require_metrics(site, [each for each in ALARMS if each.name == "BackupCopies"], "the first copies")


def _require_metrics(site: Site, alarms: Sequence[Alarm], comes_after: str) -> str:
    """Returns how many metrics of these alarms CloudWatch lists.

    Raises:
        CheckFailed: a metric is not listed, although the stage was deployed more than a day ago.
        NotTried: a metric is not listed yet.
    """
    expected_metrics = {
        _key(site, measure.for_alarm(period=alarm.period)["Metric"])
        for alarm in alarms
        for measure in alarm.measures.values()
    }
    listed_metrics = {
        _key(site, each)
        for namespace in {namespace for namespace, _, _ in expected_metrics}
        for page in site.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=namespace)
        for each in page["Metrics"]
    }
    missing = sorted({f"{namespace} {name}" for namespace, name, _ in expected_metrics - listed_metrics})
    if missing:
        stack = site.stack.describe() or {}
        age = site.now() - (stack.get("LastUpdatedTime") or stack["CreationTime"]).timestamp()
        text = f"CloudWatch does not list {', '.join(missing)} with the alarm's dimensions"
        if age < 24 * AN_HOUR:
            raise NotTried(f"{text} yet: it comes after {comes_after}")
        raise CheckFailed(text)
    return f"{len(expected_metrics)}, with the alarm's dimensions"


def _key(site: Site, metric: Json) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Returns the identity of a metric: namespace, name and dimensions. Accepts CloudWatch's and the template's
    metrics.
    """
    dimensions = ((each["Name"], _filled_in(site, each["Value"])) for each in metric["Dimensions"])
    return metric["Namespace"], metric["MetricName"], tuple(sorted(dimensions))


def _filled_in(site: Site, value: Any) -> str:
    text = value["Fn::Sub"] if isinstance(value, dict) else value
    return str(text).replace(STACK, site.name)


ROWS = (
    Row("alarms", "Each alarm of the template exists, and notifies the topic of its grade.", _notify_topics),
    Row("alarms have data", "CloudWatch has judged each alarm.", _have_data),
    Row("service quota", "SERVICE_QUOTA has a value in this account.", _quota),
    Row("ages of secrets", "The metrics of the secrets' ages arrive as their alarms look for them.", _secret_ages),
    Row("metrics of copies", "AWS Backup's metrics have the dimensions of their alarm.", _backup_metrics),
)

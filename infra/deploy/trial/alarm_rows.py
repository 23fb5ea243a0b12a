"""The alarms as CloudWatch has them: there, able to tell somebody, and with data to judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.deploy.findings import Bad
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Harmless, NotTried, Row
from infra.template.alarm_list import ALARMS, COMPOSITES
from infra.template.alarms import TOPICS, Alarm, Composite, Grade
from infra.template.backup import COPY_VAULT
from infra.template.intrinsics import Json
from infra.template.measures import STACK
from infra.template.secret_alarms import SECRET_ALARMS

OF_THE_QUOTA = "ConcurrencyHigh"
AN_HOUR = 3600
LISTED: tuple[Alarm | Composite, ...] = (*ALARMS, *COMPOSITES)


def alarms(site: Site) -> dict[str, dict[str, Any]]:
    """Returns the stage's alarms as CloudWatch shows them, by their names without the stack's."""
    pages = site.client("cloudwatch").get_paginator("describe_alarms")
    prefix = f"{site.name}-"
    shown = pages.paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return {
        each["AlarmName"].removeprefix(prefix): each
        for page in shown
        for each in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
    }


def _tell_somebody(site: Site) -> str:
    found = alarms(site)

    def faults() -> Iterator[str]:
        for each in LISTED:
            shown = found.get(each.name)
            topic = [] if each.grade is Grade.SIGNAL else [site.parameters[TOPICS[each.grade]]]
            if shown is None:
                yield f"{each.name} is not there"
            elif shown.get("AlarmActions", []) != topic:
                yield f"{each.name} tells {', '.join(shown.get('AlarmActions', [])) or 'nobody'}"
            elif topic and not shown.get("ActionsEnabled", True):
                yield f"the actions of {each.name} are switched off"

    if wrong := list(faults()):
        raise Bad("; ".join(wrong))
    return f"{len(found)}, each with the topic of its grade"


def _have_data(site: Site) -> str:
    found = alarms(site)
    blind = sorted(name for name, each in found.items() if each["StateValue"] == "INSUFFICIENT_DATA")
    if blind:
        raise Harmless(f"no data yet for {', '.join(blind)}: if that lasts for an hour, a metric is not written")
    return f"{len(found)} are judged"


def _quota(site: Site) -> str:
    shown = alarms(site).get(OF_THE_QUOTA)
    if shown is None:
        raise Bad(f"{OF_THE_QUOTA} is not there")
    if shown["StateValue"] == "INSUFFICIENT_DATA":
        raise Bad(f"{OF_THE_QUOTA} has no data, so SERVICE_QUOTA has no value here: {shown.get('StateReason')}")
    return f"{OF_THE_QUOTA} is {shown['StateValue']}: {shown.get('StateReason')}"


def _secret_ages(site: Site) -> str:
    return _metrics_are_there(site, SECRET_ALARMS, "an hour")


def _backup_metrics(site: Site) -> str:
    if not site.parameters.get(COPY_VAULT):
        raise NotTried(f"the stage has no {COPY_VAULT}: AWS Backup writes no metrics")
    return _metrics_are_there(site, [each for each in ALARMS if each.name == "BackupCopies"], "the first copies")


def _metrics_are_there(site: Site, judged: Sequence[Alarm], comes_after: str) -> str:
    """Returns how many metrics of these alarms CloudWatch lists.

    Raises:
        Bad: one of them is not listed, although the stage was deployed more than a day ago.
        NotTried: the same, and it may still come.
    """
    wanted = {
        _key(site, measure.for_alarm(period=alarm.period)["Metric"])
        for alarm in judged
        for measure in alarm.measures.values()
    }
    listed = {
        _key(site, each)
        for namespace in {namespace for namespace, _, _ in wanted}
        for page in site.client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=namespace)
        for each in page["Metrics"]
    }
    missing = sorted({f"{namespace} {name}" for namespace, name, _ in wanted - listed})
    if missing:
        described = site.stack.described() or {}
        age = site.now() - (described.get("LastUpdatedTime") or described["CreationTime"]).timestamp()
        says = f"CloudWatch does not list {', '.join(missing)} with the alarm's dimensions"
        if age < 24 * AN_HOUR:
            raise NotTried(f"{says} yet: it comes after {comes_after}")
        raise Bad(says)
    return f"{len(wanted)}, with the alarm's dimensions"


def _key(site: Site, metric: Json) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Returns what makes two metrics the same, be it CloudWatch's or the template's."""
    dimensions = ((each["Name"], _filled_in(site, each["Value"])) for each in metric["Dimensions"])
    return metric["Namespace"], metric["MetricName"], tuple(sorted(dimensions))


def _filled_in(site: Site, value: Any) -> str:
    text = value["Fn::Sub"] if isinstance(value, dict) else value
    return str(text).replace(STACK, site.name)


ROWS = (
    Row("alarms", "Each alarm of the template is there, and tells the topic of its grade.", _tell_somebody),
    Row("alarms have data", "CloudWatch has judged each alarm.", _have_data),
    Row("service quota", "SERVICE_QUOTA has a value in this account.", _quota),
    Row("ages of secrets", "The metrics of the secrets' ages arrive as their alarms look for them.", _secret_ages),
    Row("metrics of copies", "AWS Backup's metrics have the dimensions of their alarm.", _backup_metrics),
)

"""Rows about the functions in Lambda: SnapStart, stored code, and what X-Ray records of requests."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from chalicelib.functions import FUNCTIONS
from infra.deploy.findings import CheckFailed
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Harmless, NotTried, Row
from infra.template.aliases import LIVE
from infra.template.snapstart import OFF, ON, SNAPSTART

RESTORE_MS = 10_000
"""The most milliseconds for the hooks of a restore."""
LOG_PERIOD = dt.timedelta(days=1)
TRACED_WITHIN = dt.timedelta(minutes=10)
FULL_SHARE = 0.8
"""The share of the account's code storage above which a person should delete old versions."""
GB = 1024**3
STARTED_BY_THE_API = tuple(each.aws_name for each in FUNCTIONS if each.trigger is None)


def _snapstart_is_on(site: Site) -> None:
    if site.parameters.get(SNAPSTART, OFF) != ON:
        raise NotTried(f"{SNAPSTART} is off at this stage")


def _snapstart(site: Site) -> str:
    _snapstart_is_on(site)
    client = site.client("lambda")
    states = {
        name: client.get_function_configuration(FunctionName=f"{site.name}-{name}", Qualifier=LIVE)["SnapStart"]
        for name in STARTED_BY_THE_API
    }
    off = [f"{name} is {each.get('OptimizationStatus')}" for name, each in states.items() if not _is_optimized(each)]
    if off:
        raise CheckFailed(f"SnapStart of {', '.join(off)}")
    return f"On for {', '.join(states)}"


def _is_optimized(state: dict[str, Any]) -> bool:
    return state.get("OptimizationStatus") == "On"


def _restores(site: Site) -> str:
    _snapstart_is_on(site)
    durations = sorted(_restore_durations(site))
    if not durations:
        raise NotTried("no function was restored in the last day: the log has no restoreReport")
    if durations[-1] >= RESTORE_MS:
        raise CheckFailed(f"a restore took {durations[-1]:.0f} ms, and Lambda gives hooks {RESTORE_MS}")
    return f"{len(durations)} restores, the longest {durations[-1]:.0f} ms"


def _restore_durations(site: Site) -> Iterator[float]:
    """Yields durations in ms (https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html)."""
    since = int((site.now() - LOG_PERIOD.total_seconds()) * 1000)
    pages = site.client("logs").get_paginator("filter_log_events")
    for name in STARTED_BY_THE_API:
        group = f"/aws/lambda/{site.name}-{name}"
        for page in pages.paginate(logGroupName=group, filterPattern="restoreReport", startTime=since):
            for event in page["events"]:
                yield float(json.loads(event["message"])["record"]["metrics"]["durationMs"])


def _code_storage(site: Site) -> str:
    settings = site.client("lambda").get_account_settings()
    used_bytes, limit_bytes = settings["AccountUsage"]["TotalCodeSize"], settings["AccountLimit"]["TotalCodeSize"]
    usage = f"{used_bytes / GB:.1f} of {limit_bytes / GB:.0f} GB"
    if used_bytes > FULL_SHARE * limit_bytes:
        raise Harmless(f"{usage}: delete old versions before a release is refused (docs/deploying.md)")
    return usage


def _traces(site: Site) -> str:
    now = dt.datetime.fromtimestamp(site.now(), dt.UTC)
    pages = site.client("xray").get_paginator("get_trace_summaries")
    summaries = [
        each for page in pages.paginate(StartTime=now - TRACED_WITHIN, EndTime=now) for each in page["TraceSummaries"]
    ]
    with_address = [each["Id"] for each in summaries if {"ClientIp", "HttpURL"} & each.get("Http", {}).keys()]
    if with_address:
        raise CheckFailed(
            f"traces with an address or a URL of a request: {len(with_address)}, such as {with_address[0]}"
        )
    if not summaries:
        raise NotTried(f"X-Ray has no trace of the last {TRACED_WITHIN.seconds // 60} minutes")
    return f"traces: {len(summaries)}, none with an address or a URL"


ROWS = (
    Row("SnapStart", "The API's functions start from snapshots.", _snapstart),
    Row("restores", "A restore takes less than the ten seconds of its hooks.", _restores),
    Row("code storage", "The account has room for more versions.", _code_storage),
    Row("traces", "X-Ray has no segments of the API, so no address and no URL.", _traces),
)

"""The whole demo of a bad night: each failure fires its alarm, its run book fixes it, and the books tie out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from rich.console import Console

from chalicelib import metrics
from infra.demo.narrator import Narrator
from infra.local.cloudwatch.alarms import MetricAlarm
from infra.local.cloudwatch.datapoints import Key
from infra.local.cloudwatch.watch import Watch
from infra.ops_demo.__main__ import HEADINGS, scene
from infra.package import ROOT
from infra.template.alarm_list import ALARMS, COMPOSITES
from infra.template.alarms import RUN_BOOKS, Grade

ELSEWHERE = {
    each.name
    for each in (
        metrics.INVOICE_TAKEN_BACK,
        metrics.TOKEN_REFUSED,
        metrics.SECURITY_REFUSED,
        metrics.PAYOUT_LINES,
        metrics.PAYOUT_LINES_REPAIRED,
    )
}
"""Metrics that this night has no cause to emit: nothing of it is paid out. Tests of their own emit them."""

_TABLE, _INDEX, _VAULT = ("TableName",), ("GlobalSecondaryIndexName", "TableName"), ("BackupVaultName",)
ONLY_IN_AWS = {
    ("AWS/Backup", "NumberOfBackupJobsFailed", _VAULT),
    ("AWS/Backup", "NumberOfCopyJobsCompleted", _VAULT),
    ("AWS/Backup", "NumberOfCopyJobsFailed", _VAULT),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", _INDEX),
    ("AWS/DynamoDB", "ReadThrottleEvents", _TABLE),
    ("AWS/DynamoDB", "WriteThrottleEvents", _TABLE),
    ("AWS/DynamoDB", "WriteThrottleEvents", _INDEX),
    ("AWS/Lambda", "ClaimedAccountConcurrency", ()),
    ("AWS/Lambda", "ConcurrentExecutions", ()),
    ("AWS/Lambda", "Throttles", ("FunctionName",)),
}
"""Metrics that only AWS measures: throttles and concurrency of an account, partitions of DynamoDB, and AWS Backup."""


@dataclass(frozen=True)
class Night:
    """The output of the night, whether every check passed, and the measured values."""

    text: str
    true: bool
    watch: Watch

    def act(self, name: str) -> str:
        """Returns the output between the heading of an act and the next heading."""
        return re.split(r"\n[^\n]+ ─{20,}\n", self.text.partition(f"\n{name} ─")[2])[0]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    output = io.StringIO()
    narrator = Narrator(Console(file=output, width=118), headings=HEADINGS)
    with scene(narrator, tmp_path_factory.mktemp("night")) as (night, watch):
        true = night.tell()
        yield Night(output.getvalue(), true, watch)


@pytest.mark.demo
def test_the_night_ends_with_every_check_passed(night: Night) -> None:
    assert night.true, night.text
    assert "✗" not in night.text
    assert "Differences: none" in night.act("Morning: are the books right?")


@pytest.mark.demo
@pytest.mark.parametrize(
    ("act", "alarms", "book"),
    [
        ("A poison event", ["ParkedEvents (ticket)"], "parked-events.md"),
        (
            "A dead worker",
            ["BacklogCustomerSync (ticket)", "ReconciliationSilent (page)"],
            "stuck-reconciliation.md",
        ),
        ("Lost webhooks", ["Corrections (ticket)"], "corrections.md"),
        (
            "A wrong webhook secret",
            ["SignatureFailures (ticket)", "SignaturesAllRefused (page)"],
            "secret-rotation.md",
        ),
    ],
)
def test_each_failure_fires_its_alarm_and_its_run_book_works_as_printed(
    night: Night, act: str, alarms: list[str], book: str
) -> None:
    output_of_act = night.act(act)
    assert "✓ Alarms that fired before: none" in output_of_act
    for alarm in alarms:
        assert re.search(rf"{re.escape(alarm)}: measured \S+ before and [\d.]+ now, fires at [<>]", output_of_act), (
            output_of_act
        )
        assert re.search(rf"✓ {alarm.split()[0]} fires, after \d+ min: yes", output_of_act), output_of_act
        assert re.search(rf"✓ {alarm.split()[0]} is quiet, at \S+: yes", output_of_act), output_of_act
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / RUN_BOOKS / book).read_text(), re.DOTALL)
    printed_lines = [line for block in blocks for line in block.splitlines() if not line.startswith("#")]
    typed_lines = iter(re.findall(r"\$ (.+)", output_of_act))
    assert printed_lines
    assert [line for line in printed_lines if line not in typed_lines] == [], "not typed, or in another order"


@pytest.mark.demo
def test_each_alarm_fires_within_its_stated_time(night: Night) -> None:
    minutes = {name: int(after) for name, after in re.findall(r"✓ (\w+) fires, after (\d+) min: yes", night.text)}
    assert minutes["ReconciliationSilent"] <= 21
    assert minutes["BacklogCustomerSync"] <= 9
    assert minutes["SignaturesAllRefused"] <= 15
    assert minutes["ParkedEvents"] <= 11


@pytest.mark.demo
def test_every_metric_is_emitted_by_the_running_processes_except_the_listed_ones(night: Night) -> None:
    emitted_names = {key.name for key in night.watch.datapoints.keys() if key.namespace == metrics.NAMESPACE}  # noqa: SIM118
    assert metrics.METRICS.keys() - emitted_names == ELSEWHERE


@pytest.mark.demo
def test_the_metrics_of_alarms_are_emitted_with_exactly_their_dimensions(night: Night) -> None:
    alarms = [
        watched_alarm.alarm for watched_alarm in night.watch.alarms if isinstance(watched_alarm.alarm, MetricAlarm)
    ]
    watched_alarm = {_kind(query.key) for alarm in alarms for query in alarm.queries.values()}
    written = {_kind(key) for key in night.watch.datapoints.keys()}  # noqa: SIM118
    assert sorted(watched_alarm - written) == sorted(ONLY_IN_AWS)


@pytest.mark.demo
def test_the_table_lists_every_alarm_that_fired_with_its_grade_and_run_book(night: Night) -> None:
    table = re.split(r"\nThe alarms *\n", night.text)[1].partition("╭")[0]
    rows = dict(re.findall(r"^ (\w+) +((?:page|ticket) .*\S) *$", table, re.MULTILINE))
    assert "CanaryFailing" in rows, "a dead worker flies no canary"
    assert rows.keys() == night.watch.alarms.ever_notified
    template = {alarm.name: alarm for alarm in (*ALARMS, *COMPOSITES)}
    row_ends = {name: (row.split()[0], row.split()[-1]) for name, row in rows.items()}
    assert row_ends == {name: (template[name].grade.value, template[name].run_book) for name in rows}


def test_the_operators_page_asks_about_every_alarm_of_the_template() -> None:
    """By its own name, or by that of its family with an ellipsis, in the column of its grade."""
    page = (ROOT / "docs/operations.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ") and "?" in line]
    columns = {Grade.PAGE: " ".join(row[1] for row in rows), Grade.TICKET: " ".join(row[-1] for row in rows)}
    for alarm in (*ALARMS, *COMPOSITES):
        if alarm.grade is not Grade.SIGNAL:
            names_on_page = re.findall(r"`(\w+)(…?)`", columns[alarm.grade])
            assert any(
                alarm.name == name or (is_prefix and alarm.name.startswith(name)) for name, is_prefix in names_on_page
            ), alarm.name
    everything = {name for name, _ in re.findall(r"`([A-Z]\w+)(…?)`", " ".join(columns.values()))}
    names = [alarm.name for alarm in (*ALARMS, *COMPOSITES)]
    assert [name for name in everything if not any(each.startswith(name) for each in names)] == []


def _kind(key: Key) -> tuple[str, str, tuple[str, ...]]:
    return key.namespace, key.name, tuple(sorted(dict(key.dimensions)))


def test_a_failed_check_is_named_and_fails_the_night() -> None:
    output = io.StringIO()
    narrator = Narrator(Console(file=output, width=118), headings=HEADINGS)
    narrator.quotes("Which alarms fire: ParkedEvents.")
    narrator.expects("ParkedEvents fires, after never", actual=False, expected=True)
    assert narrator.ends() is False
    assert "✗ ParkedEvents fires, after never: no   expected yes" in output.getvalue()
    assert "1 of 1 checks failed" in output.getvalue()

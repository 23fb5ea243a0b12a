"""Alarms and dashboard: made of metrics that exist, with actions and run books, and ringing when they should."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib import metrics
from chalicelib.api.blueprints import blueprints
from infra.ops.picture import FILE, picture
from infra.package import ROOT
from infra.template import merge_template
from infra.template.alarm_list import ALARMS, BY_NAME, COMPOSITES, DEAD_LETTER_QUEUES, WEBHOOK_ROUTE
from infra.template.alarms import RUN_BOOKS, Composite, Grade
from infra.template.dashboard import IGNORED, QUESTIONS, Graph, body
from infra.template.intrinsics import Json, log_group_id, queue_id
from infra.template.measures import SQS, Measure, NoSuchMeasure, Search, aws, ours, search
from infra.template.queries import QUERIES
from tests.infrastructure.cloudwatch import rings, tells

RESOURCES: Json = merge_template()["Resources"]
EVERY: tuple[Any, ...] = (*ALARMS, *COMPOSITES)


def graphs() -> list[Graph]:
    return [graph for question in QUESTIONS for graph in question.graphs]


# What they are made of


def test_every_emitted_metric_is_graphed_or_ignored_for_a_reason() -> None:
    graphed = {
        line.name if isinstance(line, Measure) else line.metric.name for graph in graphs() for line in graph.lines
    }
    assert metrics.METRICS.keys() - IGNORED.keys() <= graphed
    assert IGNORED.keys() <= metrics.METRICS.keys() - graphed


def test_the_questions_are_six_and_their_metrics_are_asked_for_there() -> None:
    assert [question.title[:2] for question in QUESTIONS] == ["1.", "2.", "3.", "4.", "5.", "6."]
    for number, question in enumerate(QUESTIONS, start=1):
        lines = [line for graph in question.graphs for line in graph.lines]
        there = {line.metric.name for line in lines if isinstance(line, Search)}
        there |= {line.name for line in lines if isinstance(line, Measure)}
        assert {metric.name for metric in metrics.METRICS.values() if metric.question == number} <= there


def test_a_measure_that_nobody_emits_cannot_be_made() -> None:
    with pytest.raises(NoSuchMeasure, match="is not written by"):
        ours(metrics.REQUEST_LATENCY, "Sum", route=WEBHOOK_ROUTE)
    with pytest.raises(NoSuchMeasure, match="never written with"):
        ours(metrics.WORK_LATENCY, "Sum", worker="nobody", outcome="ok")
    with pytest.raises(NoSuchMeasure, match="no dimension"):
        search(metrics.REQUEST_LATENCY, "Sum", organization="org_1")
    with pytest.raises(NoSuchMeasure, match="no statistic"):
        ours(metrics.SIGNATURE_INVALID, "Mean")
    with pytest.raises(NoSuchMeasure, match="not on the list"):
        aws(SQS, "NumberOfMessages", "queue", "Sum")


def test_the_route_of_webhooks_is_one_of_the_api() -> None:
    routes = {f"{method} {path}" for each in blueprints for path, methods in _routes(each) for method in methods}
    assert WEBHOOK_ROUTE in routes


def _routes(blueprint: Any) -> list[tuple[str, list[str]]]:
    from app import app

    return [(path, list(methods)) for path, methods in app.routes.items()]


# That somebody is told, and has something to read


@pytest.mark.parametrize("alarm", EVERY, ids=lambda alarm: alarm.name)
def test_every_alarm_tells_somebody_and_has_a_run_book(alarm: Any) -> None:
    properties = RESOURCES[f"{alarm.name}Alarm"]["Properties"]
    if alarm.grade is Grade.SIGNAL:
        assert any(alarm.name in composite.alarms for composite in COMPOSITES), "it tells nobody"
    else:
        topic = {"Ref": "PageTopicArn" if alarm.grade is Grade.PAGE else "TicketTopicArn"}
        assert properties["AlarmActions"] == properties["OKActions"] == [topic]
    book = ROOT / RUN_BOOKS / alarm.run_book
    assert book.is_file(), book
    assert f"`{alarm.name}`" in book.read_text() or alarm.name in _families(book.read_text()), "it does not name it"


def _families(text: str) -> set[str]:
    """`DeadLetter…` in a run book stands for the alarms of all queues."""
    stems = re.findall(r"`(\w+)…`", text)
    return {alarm.name for alarm in ALARMS for stem in stems if alarm.name.startswith(stem)}


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_every_alarm_says_what_missing_data_means_and_can_be_evaluated(alarm: Any) -> None:
    properties = RESOURCES[f"{alarm.name}Alarm"]["Properties"]
    assert properties["TreatMissingData"] in {"breaching", "notBreaching"}
    assert alarm.period * alarm.periods <= 86400, "CloudWatch looks back a day at most"
    assert alarm.period % 60 == 0
    assert (alarm.expression is None) == (len(alarm.measures) == 1 and alarm.expression is None)
    if alarm.expression is not None:
        words = set(re.findall(r"[a-z]\w*", alarm.expression))
        assert words <= set(alarm.measures), f"{words} are not all measured"


def test_composites_are_made_of_alarms_that_exist() -> None:
    for composite in COMPOSITES:
        assert {*composite.alarms, composite.suppressor} <= BY_NAME.keys()


def test_every_dead_letter_queue_has_an_alarm() -> None:
    watched = {
        measure.dimensions[0][1].removeprefix("${AWS::StackName}-")
        for alarm in ALARMS
        if alarm.name.startswith("DeadLetter")
        for measure in alarm.measures.values()
    }
    made = {name for name, each in RESOURCES.items() if each["Type"] == "AWS::SQS::Queue"}
    assert {queue_id(queue) for queue in watched} == {
        name for name in made if name.endswith("DlqQueue") or name == "ScheduleFailuresQueue"
    }
    assert watched == set(DEAD_LETTER_QUEUES)


# The dashboard and the saved queries


def test_widgets_are_on_the_grid_and_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in body()["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken, widget["properties"].get("title")
        taken |= cells


def test_the_dashboard_is_json_with_nothing_to_fill_in_but_what_cloudformation_knows() -> None:
    said = RESOURCES["OperationsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert set(re.findall(r"\$\{([^}]+)}", said)) <= {
        "AWS::StackName", "AWS::Region", "AWS::Partition", "AWS::AccountId", "RunBookUrl",
    }  # fmt: skip
    assert len(json.loads(said)["widgets"]) <= 500
    for widget in json.loads(said)["widgets"]:
        assert len(widget["properties"].get("metrics", ())) <= 500


def test_the_picture_in_the_guide_is_of_this_dashboard() -> None:
    assert FILE.read_text() == picture(), "run `python -m infra.ops.picture`"


def test_saved_queries_ask_log_groups_that_exist_for_lines_that_are_written() -> None:
    source = (ROOT / "chalicelib" / "observability.py").read_text()
    for query in QUERIES:
        assert all(log_group_id(function) in RESOURCES for function in query.functions)
        for message in re.findall(r"message = '(\w+)'", query.text):
            assert f'"{message}"' in source


# When they ring: one value a period

QUIET: Sequence[float | None] = [0, 0, 0, 0]
_ = None


@pytest.mark.parametrize(
    ("alarm", "series", "expected"),
    [
        # A dead letter pages within the minute, and an empty queue, or one without data, is quiet.
        ("DeadLetterInvoiceJobs", {"waiting": [0, 0, 1, 1, 0]}, [0, 0, 1, 1, 0]),
        ("DeadLetterInvoiceJobs", {"waiting": [_, _, _]}, [0, 0, 0]),
        # Silence: twice without a plan pages; so does never having had one; once does not.
        ("ReconciliationSilent", {"plans": [1, 1, _, 1, _, _, _]}, [0, 0, 0, 0, 0, 1, 1]),
        ("ReconciliationSilent", {"plans": [1, 1, 1, 1]}, [0, 0, 0, 0]),
        ("ReconciliationSilent", {"plans": [_, _]}, [1, 1]),
        # Planned and not done; with nobody connected there is nothing to do.
        ("ReconciliationStuck", {"planned": [3, 3, 3, 3], "done": [3, _, _, 2]}, [0, 0, 1, 0]),
        ("ReconciliationStuck", {"planned": [0, 0, 0], "done": [_, _, _]}, [0, 0, 0]),
        ("TieOutSilent", {"planned": [400, 400, 0], "compared": [3, _, _]}, [0, 1, 0]),
        # Old messages: three minutes in a row.
        ("BacklogReconcile", {"age": [100, 301, 320, 340, 0]}, [0, 0, 0, 1, 0]),
        ("StalledReconcile", {"age": [3000, 3601, 3700, 3800]}, [0, 0, 0, 1]),
        ("StalledReconcile", {"age": [340, 400, 500, 600]}, [0, 0, 0, 0]),
        # Parked, stuck, corrected, drifting.
        ("ParkedEvents", {"parked": [0, 2, 0, _]}, [0, 1, 0, 0]),
        ("StuckInvoices", {"stuck": [1, 1, 1, 1, 1, 1, 0]}, [0, 0, 0, 0, 0, 1, 0]),
        ("StuckInvoices", {"stuck": [1, 0, 1, 1, 0, 1, 1]}, [0, 0, 0, 0, 0, 0, 0]),
        ("Corrections", {"swept": [5000, 5000, 900], "recovered": [0, 4, 1], "corrected": [0, 0, 0]}, [0, 0, 1]),
        ("Corrections", {"swept": [0, _], "recovered": [0, _], "corrected": [1, _]}, [1, 1]),
        ("TieOutDrift", {"differences": [0, _, 1, _, _, _]}, [0, 0, 1, 1, 1, 0]),
        ("BilledTwice", {"twice": [0, 1]}, [0, 1]),
        # A slow burn is seen by its long window, a spike by the short one.
        ("FastBurnNow", {"errors": [0, 20, 4], "requests": [1000, 1000, 100]}, [0, 1, 0]),
        ("FastBurnHour", {"errors": [6, 160], "requests": [10000, 10000]}, [0, 1]),
        ("SlowBurnHours", {"errors": [100, 130], "requests": [20000, 20000]}, [0, 1]),
        ("SlowBurnNow", {"errors": [_, 4], "requests": [_, 4]}, [0, 0]),
        # Stripe.
        ("StripeDown", {"ok": [100, 2, 1], "failed": [0, 5, _], "unknown": [_, 1, _]}, [0, 1, 0]),
        ("StripeDown", {"ok": [1, _], "failed": [2, 1]}, [0, 0]),
        ("StripeThrottling", {"ok": [98, 98, 99], "throttled": [2, 2, 0]}, [0, 1, 0]),
        # Signatures: a probe is neither; a flood is a ticket; nothing but bad ones pages.
        ("SignatureFailures", {"invalid": [3, 6, 6], "received": [10, 10, 1000]}, [0, 1, 0]),
        ("SignatureFailures", {"invalid": [_, _], "received": [10, 10]}, [0, 0]),
        ("SignaturesAllRefused", {"invalid": [5, 5, 5, 5], "received": [9, _, _, 1]}, [0, 0, 1, 0]),
        ("SignaturesAllRefused", {"invalid": [1, 1, 1, 1], "received": [_, _, _, _]}, [0, 0, 0, 0]),
    ],
)
def test_alarms_ring_when_they_should(alarm: str, series: dict[str, list[float | None]], expected: list[int]) -> None:
    assert rings(alarm, **series) == [bool(each) for each in expected]


FAST, SLOW = COMPOSITES


@pytest.mark.parametrize(
    ("composite", "ringing", "told"),
    [
        (FAST, {"FastBurnHour", "FastBurnNow"}, True),
        (FAST, {"FastBurnHour"}, False),
        (FAST, {"FastBurnNow"}, False),
        (FAST, {"FastBurnHour", "FastBurnNow", "StripeDown"}, False),
        (SLOW, {"SlowBurnHours", "SlowBurnNow"}, True),
        (SLOW, {"SlowBurnHours"}, False),
    ],
)
def test_a_burn_pages_while_it_goes_on_and_not_when_stripe_is_down(
    composite: Composite, ringing: set[str], told: bool
) -> None:
    assert tells(composite, dict.fromkeys(ringing, True)) is told

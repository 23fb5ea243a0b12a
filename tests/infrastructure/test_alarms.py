"""Alarms and dashboard use existing metrics, have actions and run books, and fire in the stated cases."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chalicelib import metrics
from chalicelib.adapters.tables.database import NAMES
from chalicelib.functions import FUNCTIONS
from infra.ops_demo.picture import FILE, picture
from infra.ops_demo.plotted import lines
from infra.ops_demo.recording import Recording
from infra.package import ROOT
from infra.template import merge_template
from infra.template.alarm_list import ALARMS, BY_NAME, COMPOSITES
from infra.template.alarms import MOST_METRICS, RUN_BOOKS, Grade
from infra.template.capacity_alarms import SHARED_PARTITIONS
from infra.template.dashboard import IGNORED, QUESTIONS, Graph, body
from infra.template.intrinsics import Json, log_group_id, queue_id
from infra.template.measures import SQS, Measure, NoSuchMeasure, Search, aws_metric, pom_metric, search
from infra.template.queries import QUERIES
from infra.template.queue_alarms import DEAD_LETTER_QUEUES

RESOURCES: Json = merge_template()["Resources"]
EVERY: tuple[Any, ...] = (*ALARMS, *COMPOSITES)


def graphs() -> list[Graph]:
    return [graph for question in QUESTIONS for graph in question.graphs]


# What they are made of


def test_every_emitted_metric_is_graphed_or_ignored_for_a_reason() -> None:
    metrics_in_widgets = {
        line.name if isinstance(line, Measure) else line.metric.name for graph in graphs() for line in graph.lines
    }
    assert metrics.METRICS.keys() - IGNORED.keys() <= metrics_in_widgets
    assert IGNORED.keys() <= metrics.METRICS.keys() - metrics_in_widgets


def test_the_dashboard_has_six_questions_and_a_widget_for_each_metric() -> None:
    assert [question.title[:2] for question in QUESTIONS] == ["1.", "2.", "3.", "4.", "5.", "6."]
    for number, question in enumerate(QUESTIONS, start=1):
        lines = [line for graph in question.graphs for line in graph.lines]
        there = {line.metric.name for line in lines if isinstance(line, Search)}
        there |= {line.name for line in lines if isinstance(line, Measure)}
        assert {metric.name for metric in metrics.METRICS.values() if metric.question == number} <= there


def test_an_alarm_on_a_metric_that_no_code_emits_is_refused() -> None:
    with pytest.raises(NoSuchMeasure, match="is not written by"):
        pom_metric(metrics.REQUEST_LATENCY, "Sum", route="GET /v1/health")
    with pytest.raises(NoSuchMeasure, match="never written with"):
        pom_metric(metrics.WORK_LATENCY, "Sum", worker="nobody", outcome="ok")
    with pytest.raises(NoSuchMeasure, match="never written with"):
        search(metrics.STRIPE_LATENCY, "SampleCount", outcome=metrics.THROTTLED)
    with pytest.raises(NoSuchMeasure, match="no dimension"):
        search(metrics.REQUEST_LATENCY, "Sum", organization="org_1")
    with pytest.raises(NoSuchMeasure, match="no statistic"):
        pom_metric(metrics.SIGNATURE_INVALID, "Mean")
    with pytest.raises(NoSuchMeasure, match="not on the list"):
        aws_metric(SQS, "NumberOfMessages", "queue", "Sum")


# Each alarm notifies a person, and has a run book.


@pytest.mark.parametrize("alarm", EVERY, ids=lambda alarm: alarm.name)
def test_every_alarm_notifies_a_topic_and_has_a_run_book(alarm: Any) -> None:
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
    """Returns the alarms of all queues for `DeadLetter…` in a run book, because that name stands for all of them."""
    stems = re.findall(r"`(\w+)…`", text)
    return {alarm.name for alarm in ALARMS for stem in stems if alarm.name.startswith(stem)}


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_every_alarm_sets_the_treatment_of_missing_data_and_is_accepted_by_cloudwatch(alarm: Any) -> None:
    properties = RESOURCES[f"{alarm.name}Alarm"]["Properties"]
    assert properties["TreatMissingData"] in {"breaching", "notBreaching"}
    assert alarm.period * alarm.periods <= 86400, "CloudWatch looks back a day at most"
    assert alarm.period % 60 == 0
    assert (alarm.expression is None) == (len(alarm.measures) == 1 and alarm.expression is None)
    if alarm.expression is not None:
        words = set(re.findall(r"[a-z]\w*", alarm.expression))
        assert words <= set(alarm.measures), f"{words} are not all measured"


def test_no_alarm_has_more_metrics_than_cloudwatch_allows_or_a_search() -> None:
    assert max(len(alarm.measures) for alarm in ALARMS) <= MOST_METRICS
    assert not any("SEARCH" in (alarm.expression or "") for alarm in ALARMS)


def test_every_function_table_and_index_that_all_organizations_share_has_an_alarm_on_its_throttles() -> None:
    names_with_alarm = {
        tuple(value.removeprefix("${AWS::StackName}-") for _, value in measure.dimensions)
        for alarm in ALARMS
        for measure in alarm.measures.values()
        if measure.name in {"Throttles", "WriteThrottleEvents"}
    }
    functions = {(function.aws_name,) for function in FUNCTIONS}
    tables = {(table,) for table in NAMES.values()}
    assert names_with_alarm == functions | tables | set(SHARED_PARTITIONS)


def test_composites_are_made_of_alarms_that_exist() -> None:
    for composite in COMPOSITES:
        assert {*composite.alarms, composite.suppressor} <= BY_NAME.keys()


def test_every_dead_letter_queue_has_an_alarm() -> None:
    names_with_alarm = {
        measure.dimensions[0][1].removeprefix("${AWS::StackName}-")
        for alarm in ALARMS
        if alarm.name.startswith("DeadLetter")
        for measure in alarm.measures.values()
    }
    queue_resources = {name for name, each in RESOURCES.items() if each["Type"] == "AWS::SQS::Queue"}
    assert {queue_id(queue) for queue in names_with_alarm} == {
        name for name in queue_resources if name.endswith("DlqQueue") or name == "ScheduleFailuresQueue"
    }
    assert names_with_alarm == set(DEAD_LETTER_QUEUES)


# The dashboard and the saved queries


def test_widgets_are_on_the_grid_and_do_not_overlap() -> None:
    occupied_cells: set[tuple[int, int]] = set()
    for widget in body()["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & occupied_cells, widget["properties"].get("title")
        occupied_cells |= cells


def test_the_dashboard_is_json_and_refers_only_to_resources_of_the_stack() -> None:
    body = RESOURCES["OperationsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert set(re.findall(r"\$\{([^}]+)}", body)) <= {
        "AWS::StackName", "AWS::Region", "AWS::Partition", "AWS::AccountId", "RunBookUrl",
    }  # fmt: skip
    assert len(json.loads(body)["widgets"]) <= 500
    for widget in json.loads(body)["widgets"]:
        assert len(widget["properties"].get("metrics", ())) <= 500


def test_the_picture_in_the_guide_is_of_this_dashboard() -> None:
    assert FILE.read_text() == picture(Recording.read()), "run `python -m infra.ops_demo.picture`"


def test_the_picture_shows_the_alarms_that_fired_in_its_night() -> None:
    recording = Recording.read()
    assert {"ParkedEvents", "BacklogCustomerSync", "ReconciliationSilent", "Corrections"} <= recording.fired
    widgets = {widget["properties"].get("title"): widget["properties"] for widget in body()["widgets"]}
    for title, label, threshold in (
        ("Parked events", "of one organization", BY_NAME["ParkedEvents"].threshold),
        ("Oldest message", "customer-sync.fifo", BY_NAME["BacklogCustomerSync"].threshold),
        ("Corrections per event", "Corrections per event", BY_NAME["Corrections"].threshold),
    ):
        [line] = [line for line in lines(widgets[title], recording) if line.label == label]
        assert max(point for point in line.points if point is not None) > threshold, title
        assert line.points[0] in {None, 0}, "the night begins well"
    by_family = lines(widgets["Delivery lag by event family, p99"], recording)
    assert {"invoice", "charge"} <= {line.label for line in by_family}


def test_every_run_book_of_an_alarm_is_linked_from_the_dashboard() -> None:
    texts = " ".join(widget["properties"].get("markdown", "") for widget in body()["widgets"])
    assert {f"/{alarm.run_book})" for alarm in EVERY} <= set(re.findall(r"/[a-z-]+\.md\)", texts))


def test_saved_queries_use_existing_log_groups_and_existing_log_lines() -> None:
    source = (ROOT / "chalicelib" / "observability.py").read_text()
    for query in QUERIES:
        assert all(log_group_id(function) in RESOURCES for function in query.functions)
        for message in re.findall(r"message = '(\w+)'", query.text):
            assert f'"{message}"' in source

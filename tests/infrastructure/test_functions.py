"""Whatever `chalicelib.functions` declares has all that belongs to a function or a queue, without a second list."""

from __future__ import annotations

import json
from importlib import import_module

import boto3
import pytest

from app import app
from chalicelib import metrics
from chalicelib.config import load_config
from chalicelib.functions import (
    FUNCTIONS,
    QUEUE_TRIGGERS,
    SCHEDULE_FAILURES,
    UNPUBLISHED_CHANGES,
    WORKERS,
    Function,
    Messages,
    Queue,
    Schedule,
)
from infra.chalice_files import CONFIG, DIRECTORY
from infra.local.aws import embedded_aws
from infra.local.event_sources import mappings
from infra.local.resources import create_queues, queue_environment
from infra.local.schedules import schedules
from infra.local.settings import Ports, Urls, environment
from infra.template import merge_template
from infra.template.intrinsics import camel, function_id, log_group_id, queue_id
from tests.lambdas import loaded_by

TEMPLATE = merge_template()

each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
each_worker = pytest.mark.parametrize("function", WORKERS, ids=lambda function: function.name)
each_queue = pytest.mark.parametrize("queue", Queue)


@each_worker
def test_each_worker_has_a_module_with_a_handler_for_its_trigger(function: Function) -> None:
    handler = getattr(import_module(f"chalicelib.workers.{function.name}"), function.name)
    [source] = [source for source in app.event_sources if source.name == function.name]
    assert callable(handler)
    assert source.handler_string == f"chalicelib.workers.{function.name}.{function.name}"
    match function.trigger:
        case Messages(queue, batch_size):
            assert (source.queue_arn.rpartition(":")[2], source.batch_size) == (queue, batch_size)
        case Schedule(rate):
            assert source.schedule_expression == rate


@each_function
def test_each_function_is_deployed_with_its_policy_size_and_log_group(function: Function) -> None:
    assert {function_id(function.name), log_group_id(function.name)} <= TEMPLATE["Resources"].keys()
    function_config = json.loads(CONFIG.read_text())["lambda_functions"][function.name]
    assert (function_config["lambda_memory_size"], function_config["lambda_timeout"]) == (
        function.memory,
        function.timeout,
    )
    assert (DIRECTORY / function_config["iam_policy_file"]).exists()


@each_function
def test_each_function_has_metrics_and_is_on_the_dashboard(function: Function) -> None:
    assert function.name in metrics.VALUES["ColdStart", "function"]
    assert f"${{AWS::StackName}}-{function.aws_name}" in json.dumps(TEMPLATE["Resources"]["OperationsDashboard"])
    if function.trigger is not None:
        assert function.name in metrics.VALUES["WorkLatency", "worker"]


@each_queue
def test_each_queue_feeds_one_function(queue: Queue) -> None:
    assert len([trigger for trigger in QUEUE_TRIGGERS.values() if trigger.queue == queue]) == 1


@each_queue
def test_each_queue_is_deployed_with_its_dead_letter_queue_alarms_and_outputs(queue: Queue) -> None:
    name = camel(queue)
    alarms = {f"{kind}{name}Alarm" for kind in ("DeadLetter", "Backlog", "Stalled")}
    assert {queue_id(queue), queue_id(queue.dead_letter), *alarms} <= TEMPLATE["Resources"].keys()
    assert {f"{queue_id(queue)}Url", f"{queue_id(queue.dead_letter)}Url"} <= TEMPLATE["Outputs"].keys()


def test_the_environment_of_the_local_stack_names_every_queue() -> None:
    assert load_config(environment(Urls.of(Ports()))).queue_urls.keys() == set(Queue)


def test_the_local_stack_has_every_queue_with_its_worker_and_fires_every_schedule() -> None:
    with embedded_aws():
        urls = create_queues("")
        queue_mappings = mappings(app, {name: urls[trigger.queue] for name, trigger in QUEUE_TRIGGERS.items()})
        names = {url.rpartition("/")[2] for url in boto3.client("sqs").list_queues()["QueueUrls"]}
    assert names == {*Queue, *(queue.dead_letter for queue in Queue), SCHEDULE_FAILURES, UNPUBLISHED_CHANGES}
    assert queue_environment(urls).keys() == {
        *(queue.url_variable for queue in Queue),
        "UNPUBLISHED_CHANGES_QUEUE_URL",
    }
    assert {each.name for each in queue_mappings} == QUEUE_TRIGGERS.keys()
    assert {each.name for each in schedules(app) if each.interval} == {
        function.name for function in WORKERS if isinstance(function.trigger, Schedule)
    }


def test_the_list_of_functions_imports_only_the_standard_library() -> None:
    ours = {name for name in loaded_by("chalicelib.functions") if name.startswith("chalicelib")}
    assert ours == {"chalicelib", "chalicelib.functions"}

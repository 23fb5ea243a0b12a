"""The template against what it is derived from, or must agree with. Needs nothing but this repository."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from chalicelib.adapters import tables as models
from chalicelib.adapters.tables.database import NAMES
from chalicelib.functions import API_HANDLER, BY_NAME, FUNCTIONS, Queue
from infra.chalice_files import CONFIG as CONFIG_FILE
from infra.chalice_files import DIRECTORY, files
from infra.local.aws import embedded_aws
from infra.local.resources import create_queues
from infra.local.settings import Ports, Urls, environment
from infra.template import merge_template
from infra.template.gateway_responses import RESPONSES, gateway_responses
from infra.template.intrinsics import queue_id, table_id
from infra.template.queues import queues
from infra.template.tables import tables

CONFIG = json.loads(CONFIG_FILE.read_text())
CREATED_WITH = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


def test_each_table_of_the_template_equals_the_table_of_its_model() -> None:
    """Both are created, and then compared as DynamoDB describes them."""
    with embedded_aws():
        models.configure("model-")
        client = boto3.client("dynamodb")
        for model, name in NAMES.items():
            model.create_table(wait=True)
            properties = tables()[table_id(name)]["Properties"]
            table_properties = {key: properties[key] for key in CREATED_WITH if key in properties}
            client.create_table(TableName=f"template-{name}", **table_properties)
            if "TimeToLiveSpecification" in properties:
                specification = properties["TimeToLiveSpecification"]
                client.update_time_to_live(TableName=f"template-{name}", TimeToLiveSpecification=specification)
            assert _described(client, f"template-{name}") == _described(client, f"model-{name}")


def _described(client: Any, table: str) -> dict[str, Any]:
    table_description = client.describe_table(TableName=table)["Table"]
    indexes = {
        index["IndexName"]: (_sorted(index["KeySchema"]), index["Projection"])
        for index in table_description.get("GlobalSecondaryIndexes", ())
    }
    ttl = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"].get("AttributeName")
    return {
        "keys": _sorted(table_description["KeySchema"]),
        "types": _sorted(table_description["AttributeDefinitions"]),
        "billing": table_description["BillingModeSummary"]["BillingMode"],
        "indexes": indexes,
        "ttl": ttl,
    }


def _sorted(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return sorted(tuple(row[key] for key in sorted(row)) for row in rows)


def test_hash_keys_come_first_as_dynamodb_requires() -> None:
    for table in tables().values():
        for keys in (table["Properties"], *table["Properties"].get("GlobalSecondaryIndexes", ())):
            assert [each["KeyType"] for each in keys["KeySchema"]] in (["HASH"], ["HASH", "RANGE"])


def test_the_template_has_the_queues_of_the_local_stack() -> None:
    template_queues = queues()
    with embedded_aws():
        local = {queue_id(name): _queue_attributes(url) for name, url in create_queues("").items()}
    assert local.keys() == template_queues.keys()
    for queue in Queue:
        settings, dead = (
            template_queues[queue_id(queue)]["Properties"],
            template_queues[queue_id(queue.dead_letter)]["Properties"],
        )
        local_settings, local_dead = local[queue_id(queue)], local[queue_id(queue.dead_letter)]
        redrive = json.loads(local_settings["RedrivePolicy"])
        assert settings["RedrivePolicy"]["maxReceiveCount"] == int(redrive["maxReceiveCount"])
        assert dead["MessageRetentionPeriod"] == int(local_dead["MessageRetentionPeriod"])
        assert settings.get("FifoQueue", False) == dead.get("FifoQueue", False) == queue.fifo
        assert local_settings.get("FifoQueue") == local_dead.get("FifoQueue") == ("true" if queue.fifo else None)


def _queue_attributes(url: str) -> dict[str, str]:
    answer: Any = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    attributes: dict[str, str] = answer["Attributes"]
    return attributes


@pytest.mark.parametrize("occasion", RESPONSES)
def test_responses_of_api_gateway_follow_the_error_contract(occasion: str) -> None:
    answer = gateway_responses()[occasion]
    error = json.loads(answer["ResponseTemplates"]["application/json"])["error"]
    assert error.keys() == {"code", "message", "field", "requestId", "nextStep", "details", "moreDetails"}
    repeated_fields = {name: error[name] for name in ("code", "message", "field", "nextStep")}
    assert error["details"] == [{**repeated_fields, "invoiceId": None, "number": None}]
    assert error["requestId"] == "$context.requestId"
    assert all("$" not in error[field] for field in ("code", "message", "nextStep"))


def test_the_files_in_chalice_agree_with_the_list_of_functions() -> None:
    written = {CONFIG_FILE, *DIRECTORY.glob("policy-*.json")}
    assert {file: file.read_text() for file in written} == files(), "run `python -m infra.chalice_files`"


def test_grants_name_tables_indexes_and_queues_that_exist() -> None:
    known_tables = {name: model for model, name in NAMES.items()}
    for function in FUNCTIONS:
        assert function.tables.keys() | function.indexes.keys() <= known_tables.keys()
        assert set(function.sends) <= set(Queue)
        for table, indexes in function.indexes.items():
            properties = tables()[table_id(table)]["Properties"]
            assert set(indexes) <= {each["IndexName"] for each in properties["GlobalSecondaryIndexes"]}


def test_each_function_has_the_memory_and_timeout_that_the_template_expects() -> None:
    assert CONFIG["autogen_policy"] is False
    assert CONFIG["lambda_functions"] == {
        function.name: {
            "iam_policy_file": function.policy_file,
            "lambda_memory_size": function.memory,
            "lambda_timeout": function.timeout,
        }
        for function in FUNCTIONS
    }


def test_every_function_of_the_application_has_its_limits_and_its_policy() -> None:
    from app import app

    sources: list[Any] = [*app.event_sources, *app.builtin_auth_handlers, *app.pure_lambda_functions]
    assert {source.name for source in sources} | {API_HANDLER} == BY_NAME.keys()


def test_the_local_stage_has_the_settings_of_the_local_stack() -> None:
    assert CONFIG["stages"]["local"]["environment_variables"] == environment(Urls.of(Ports()))


def test_every_parameter_is_used() -> None:
    template = merge_template()
    text = json.dumps({key: value for key, value in template.items() if key != "Parameters"})
    unused_parameters = {
        name
        for name in template["Parameters"]
        if json.dumps({"Ref": name}) not in text and f"${{{name}}}" not in text
    }
    assert unused_parameters == set()

"""The packaged template, transformed by AWS's own translator, and created in moto's CloudFormation.

That a stack is CREATE_COMPLETE there says little: what moto cannot make is left out or passed over, and is named in
`cloudformation`. The stack has no domain of its own and no web ACL, whose resources are not made here either. What
was made is then asked for at the services themselves; of a table it forgets TTL and encryption, of a function
processor and tracing, which the gate looks at.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from chalicelib.functions import BY_NAME, FUNCTIONS, QUEUE_TRIGGERS, Changes, Queue, Schedule
from infra.local.aws import embedded_aws
from infra.package import RUNTIME
from infra.template.intrinsics import function_id, queue_id
from infra.template.queues import ATTEMPTS
from infra.template.settings import VALUES
from tests.infrastructure.cloudformation import (
    IMPOSSIBLE,
    OPTIONAL,
    UNKNOWN,
    as_moto_can,
    transformed,
    with_uploaded_code,
)
from tests.infrastructure.conftest import Package

pytestmark = [pytest.mark.package, pytest.mark.filterwarnings("ignore:Tried to parse AWS")]

STACK = "pom-test"
ACCOUNT = "123456789012"
PARAMETERS = {
    "StripePlatformSecretArn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:platform-AbCdEf",
    "StripeWebhookSecretArn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:webhook-AbCdEf",
    "PublicApiUrl": "https://api.pom.test",
    "PomSettingsUrl": "https://pom.test/settings/apps",
    "DevelopmentOrigins": "http://localhost:5173",
    "TokenIssuer": "https://pom.test",
    "TokenAudience": "pom-api",
    "TokenJwksUrl": "https://pom.test/.well-known/jwks.json",
    "PageTopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:page",
    "TicketTopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:ticket",
}


@dataclass(frozen=True)
class CreatedStack:
    """The transformed template of the package, and the resources that exist in moto."""

    template: dict[str, Any]
    resources: dict[str, Any]
    """By logical id, as CloudFormation lists them."""

    def properties(self, kind: str) -> dict[str, Any]:
        """Returns the expected properties of each resource of a type, by logical id."""
        return {
            name: each.get("Properties", {})
            for name, each in self.template["Resources"].items()
            if each["Type"] == kind
        }

    def physical(self, name: str) -> str:
        """Returns the physical id of a resource, by its logical id."""
        physical_id: str = self.resources[name]["PhysicalResourceId"]
        return physical_id


@pytest.fixture(scope="module")
def stack(package: Package) -> Iterator[CreatedStack]:
    """Creates one stack for all tests, in an AWS account that is otherwise empty."""
    template = transformed(with_uploaded_code(package.template), PARAMETERS)
    with embedded_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="packages")
        s3.put_object(Bucket="packages", Key="deployment.zip", Body=package.archive.read_bytes())
        s3.put_object(Bucket="packages", Key="template.json", Body=json.dumps(as_moto_can(template)).encode())
        client = boto3.client("cloudformation")
        client.create_stack(
            StackName=STACK,
            TemplateURL="https://packages.s3.us-east-1.amazonaws.com/template.json",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        assert client.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        pages = client.get_paginator("list_stack_resources").paginate(StackName=STACK)
        resources = {each["LogicalResourceId"]: each for page in pages for each in page["StackResourceSummaries"]}
        resources.pop("", None)  # moto lists the queues' policy, which it did not make, without a name
        yield CreatedStack(template, resources)


def test_every_resource_is_created_except_the_types_that_moto_lacks(stack: CreatedStack) -> None:
    resources = stack.template["Resources"].items()
    expected = {name: each["Type"] for name, each in resources if "Condition" not in each}
    assert {each["Type"] for name, each in resources if "Condition" in each} == OPTIONAL
    created_types = {name: each["ResourceType"] for name, each in stack.resources.items()}
    not_made = {name: kind for name, kind in expected.items() if name not in created_types}
    assert set(not_made.values()) == UNKNOWN | IMPOSSIBLE
    assert created_types == {name: kind for name, kind in expected.items() if kind not in UNKNOWN | IMPOSSIBLE}
    assert Counter(created_types.values())["AWS::Lambda::Function"] == len(FUNCTIONS)


def test_each_table_is_created_with_its_keys_and_indexes(stack: CreatedStack) -> None:
    client = boto3.client("dynamodb")
    tables = stack.properties("AWS::DynamoDB::Table")
    assert {name["Fn::Sub"].replace("${AWS::StackName}", STACK) for name in _each(tables, "TableName")} == set(
        client.list_tables()["TableNames"]
    )
    for name, expected in tables.items():
        actual = client.describe_table(TableName=stack.physical(name))["Table"]
        assert actual["KeySchema"] == expected["KeySchema"]
        assert _indexes(actual) == _indexes(expected)
        assert actual["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert not actual["DeletionProtectionEnabled"], (
            f"{name} could not be deleted when its creation is rolled back"
        )


def _each(resources: dict[str, Any], key: str) -> list[Any]:
    return [properties[key] for properties in resources.values()]


def _indexes(table: Any) -> dict[str, Any]:
    indexes = table.get("GlobalSecondaryIndexes", ())
    return {each["IndexName"]: (each["KeySchema"], each["Projection"]) for each in indexes}


def test_moto_does_not_enable_the_expiry_of_items(stack: CreatedStack) -> None:
    """moto lacks the expiry, and this test fails once moto has it. `test_template` checks the real table's TTL."""
    client = boto3.client("dynamodb")
    expiring = [
        name for name, each in stack.properties("AWS::DynamoDB::Table").items() if "TimeToLiveSpecification" in each
    ]
    assert expiring
    for name in expiring:
        description = client.describe_time_to_live(TableName=stack.physical(name))["TimeToLiveDescription"]
        assert description["TimeToLiveStatus"] == "DISABLED"


def test_each_queue_has_its_dead_letter_queue(stack: CreatedStack) -> None:
    client = boto3.client("sqs")
    for name, trigger in QUEUE_TRIGGERS.items():
        queue = trigger.queue
        url = stack.physical(queue_id(queue))
        actual = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        dead = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{STACK}-{queue.dead_letter}"
        redrive = json.loads(actual["RedrivePolicy"])
        assert (redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) == (dead, ATTEMPTS)
        assert int(actual["VisibilityTimeout"]) >= 6 * BY_NAME[name].timeout
        assert actual.get("FifoQueue") == ("true" if queue.endswith(".fifo") else None)


def test_each_queue_feeds_its_function_which_reports_failed_messages_one_by_one(stack: CreatedStack) -> None:
    client = boto3.client("lambda")
    every = client.list_event_source_mappings()["EventSourceMappings"]
    sources = [source for source in every if ":sqs:" in source["EventSourceArn"]]
    sources_by_origin = {source["EventSourceArn"].rpartition(":")[2]: source for source in sources}
    assert sources_by_origin.keys() == {f"{STACK}-{queue}" for queue in Queue}
    for name, trigger in QUEUE_TRIGGERS.items():
        source = sources_by_origin[f"{STACK}-{trigger.queue}"]
        assert source["FunctionArn"].rpartition(":")[2] == stack.physical(function_id(name))
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["State"] == "Enabled"
        assert source["BatchSize"] == trigger.batch_size
        assert source["ScalingConfig"] == {"MaximumConcurrency": trigger.concurrency}


def test_each_stream_feeds_the_function_that_publishes_changes(stack: CreatedStack) -> None:
    every = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    sources = [source for source in every if ":dynamodb:" in source["EventSourceArn"]]
    trigger = BY_NAME["publish_changes"].trigger
    assert isinstance(trigger, Changes)
    sources_by_origin = {
        source["EventSourceArn"].partition(":table/")[2].partition("/stream/")[0]: source for source in sources
    }
    assert sources_by_origin.keys() == {f"{STACK}-{table}" for table in trigger.tables}
    for source in sources:
        assert source["FunctionArn"].rpartition(":")[2] == stack.physical("PublishChanges")
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["BatchSize"] == trigger.batch_size


def test_the_bus_has_the_name_in_the_functions_environment(stack: CreatedStack) -> None:
    description = boto3.client("lambda").get_function_configuration(FunctionName=stack.physical("PublishChanges"))
    name = description["Environment"]["Variables"]["EVENT_BUS_NAME"]
    assert name == f"{STACK}-changes"
    assert boto3.client("events").describe_event_bus(Name=name)["Name"] == name


def test_each_function_has_its_handler_code_size_and_settings(stack: CreatedStack, package: Package) -> None:
    client = boto3.client("lambda")
    code = base64.b64encode(hashlib.sha256(package.archive.read_bytes()).digest()).decode()
    for function in FUNCTIONS:
        expected = stack.template["Resources"][function_id(function.name)]["Properties"]
        actual = client.get_function_configuration(FunctionName=stack.physical(function_id(function.name)))
        assert actual["Handler"] == expected["Handler"]
        assert actual["CodeSha256"] == code
        assert actual["Runtime"] == RUNTIME
        assert (actual["MemorySize"], actual["Timeout"]) == (function.memory, function.timeout)
        environment = actual["Environment"]["Variables"]
        assert environment.keys() == {"POM_STAGE", *function.variables}
        assert all(isinstance(value, str) and value and "${" not in value for value in environment.values())


def test_the_environment_of_functions_names_the_tables_queues_and_secrets_of_the_stack(stack: CreatedStack) -> None:
    client = boto3.client("lambda")
    description = client.get_function_configuration(FunctionName=stack.physical("APIHandler"))["Environment"][
        "Variables"
    ]
    assert description["POM_TABLE_PREFIX"] == f"{STACK}-"
    assert description["STRIPE_PLATFORM_SECRET_ID"] == PARAMETERS["StripePlatformSecretArn"]
    assert description["STRIPE_WEBHOOK_SECRET_ID"] == PARAMETERS["StripeWebhookSecretArn"]
    assert description["PUBLIC_API_URL"] == PARAMETERS["PublicApiUrl"]
    for variable, value in VALUES.items():
        if variable.endswith("_QUEUE_URL"):
            assert description[variable] == stack.physical(value["Ref"])


def test_each_role_has_exactly_the_permissions_of_its_function(stack: CreatedStack) -> None:
    client = boto3.client("iam")
    optional = {name for name, each in stack.template["Resources"].items() if "Condition" in each}
    for name, expected in stack.properties("AWS::IAM::Role").items():
        if name in optional:
            continue
        role = stack.physical(name)
        names = client.list_role_policies(RoleName=role)["PolicyNames"]
        assert names == [policy["PolicyName"] for policy in expected["Policies"]]
        assert client.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        for policy in expected["Policies"]:
            answer: Any = client.get_role_policy(RoleName=role, PolicyName=policy["PolicyName"])
            document = ast.literal_eval(answer["PolicyDocument"])  # moto keeps a stack's policies as Python's text
            actual = {each["Sid"]: each["Action"] for each in document["Statement"]}
            assert actual == {each["Sid"]: each["Action"] for each in policy["PolicyDocument"]["Statement"]}


def test_each_schedule_calls_its_function(stack: CreatedStack) -> None:
    client = boto3.client("events")
    scheduled = {stack.physical(function_id(each.name)) for each in FUNCTIONS if isinstance(each.trigger, Schedule)}
    called = set()
    for name, expected in stack.properties("AWS::Events::Rule").items():
        rule = stack.physical(name)
        assert client.describe_rule(Name=rule)["ScheduleExpression"] == expected["ScheduleExpression"]
        [target] = client.list_targets_by_rule(Rule=rule)["Targets"]
        called.add(target["Arn"].rpartition(":")[2])
    assert called == scheduled


def test_every_log_group_has_a_retention(stack: CreatedStack) -> None:
    groups = boto3.client("logs").describe_log_groups()["logGroups"]
    assert len(groups) == len(stack.properties("AWS::Logs::LogGroup"))
    assert all(group["retentionInDays"] for group in groups)


def test_the_stack_outputs_contain_every_value_that_the_operator_commands_read(stack: CreatedStack) -> None:
    described = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    description = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    assert description.keys() == {name for name, each in stack.template["Outputs"].items() if "Condition" not in each}
    assert description["WebhookUrl"] == "https://api.pom.test/v1/stripe/webhooks"

"""The consumer that teams copy: its template is deployed, events reach its queue, and its program applies them.

The template is created in moto's CloudFormation. moto passes over the queues' policy (`UNKNOWN`) and delivers without
one, so what the policy says is read from the template.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from cfnlint.api import lint_file
from cfnlint.decode.cfn_yaml import load

from infra.local.aws import embedded_aws
from tests.infrastructure.cloudformation import UNKNOWN

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS")

FILES = Path(__file__).parents[2] / "docs" / "consumer"
TEMPLATE = FILES / "template.yaml"
BUS = "pom-stripe-dev-changes"
RECEIVED_TIMES = 5
"""How often SQS hands a message out before it goes to the dead-letter queue, as the template says."""


@pytest.fixture(scope="module")
def program() -> Any:
    """Returns the consumer's program, loaded as a module."""
    spec = importlib.util.spec_from_file_location("consumer", FILES / "consumer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def database(program: Any) -> Iterator[sqlite3.Connection]:
    """Yields an empty database with the program's table."""
    connection = sqlite3.connect(":memory:")
    connection.execute(program.TABLE)
    yield connection
    connection.close()


@pytest.fixture
def aws() -> Iterator[None]:
    """Yields an AWS account that has only the bus."""
    with embedded_aws():
        boto3.client("events").create_event_bus(Name=BUS)
        yield


def template() -> Mapping[str, Any]:
    parsed_template: Mapping[str, Any] = load(str(TEMPLATE))
    return parsed_template


def deploy_consumer(**parameters: str) -> dict[str, str]:
    """Deploys the template next to the bus, and returns the stack's outputs."""
    cloudformation = boto3.client("cloudformation")
    values = {"BusName": BUS, **parameters}
    cloudformation.create_stack(
        StackName="team",
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
    )
    [stack] = cloudformation.describe_stacks(StackName="team")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def detail(version: int, status: str | None, **more: Any) -> dict[str, Any]:
    object_data = None if status is None else {"id": "inv_1", "status": status, "customerId": "cust_7"}
    return {
        "id": f"chg_{version}",
        "type": "invoice.paid",
        "organizationId": "org_1",
        "objectKind": "invoice",
        "objectId": "inv_1",
        "version": version,
        "at": "2026-11-25T17:12:42Z",
        "previousStatus": "pending",
        "status": status,
        "deleted": status is None,
        "objectOmitted": False,
        "object": object_data,
        **more,
    }


def put_event(
    detail: Mapping[str, Any], detail_type: str = "invoice.paid", source: str = "pom-stripe", bus: str = BUS
) -> None:
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "EventBusName": bus}
    answer = boto3.client("events").put_events(Entries=[entry])  # type: ignore[list-item]
    assert answer["FailedEntryCount"] == 0


def receive_messages(queue_url: str) -> list[Any]:
    """Returns the events that wait in a queue, without waiting for more."""
    answer = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    return [json.loads(each["Body"]) for each in answer.get("Messages", [])]


def test_cfn_lint_finds_nothing_in_the_template() -> None:
    assert [str(each) for each in lint_file(TEMPLATE)] == []


def test_every_resource_of_the_template_is_created_except_the_policy_that_moto_lacks(aws: None) -> None:
    deploy_consumer()
    stack_resources = boto3.client("cloudformation").list_stack_resources(StackName="team")["StackResourceSummaries"]
    there = {each["LogicalResourceId"] for each in stack_resources if each["LogicalResourceId"]}
    missing = {name: each["Type"] for name, each in template()["Resources"].items() if name not in there}
    assert missing == {"MayDeliver": "AWS::SQS::QueuePolicy"}
    assert set(missing.values()) <= UNKNOWN


@pytest.mark.parametrize("detail_type", ["invoice.paid", "invoice.overdue"])
def test_a_change_arrives_in_the_queue_with_its_envelope(aws: None, detail_type: str) -> None:
    queue_url = deploy_consumer()["QueueUrl"]
    put_event(detail(4, "paid", type=detail_type), detail_type)
    [event] = receive_messages(queue_url)
    assert (event["source"], event["detail-type"]) == ("pom-stripe", detail_type)
    assert event["detail"] == detail(4, "paid", type=detail_type)


def test_a_change_of_another_type_source_or_bus_does_not_reach_the_queue(aws: None) -> None:
    queue_url = deploy_consumer(DetailTypes="invoice.paid,payout.failed")["QueueUrl"]
    put_event(detail(4, "pending"), "invoice.sent")
    put_event(detail(4, "paid"), source="somebody-else")
    put_event(detail(4, "paid"), bus="default")
    assert receive_messages(queue_url) == []
    put_event(detail(4, "failed"), "payout.failed")
    assert len(receive_messages(queue_url)) == 1


def test_the_queue_can_be_limited_to_one_organization(aws: None) -> None:
    queue_url = deploy_consumer(OrganizationId="org_2")["QueueUrl"]
    put_event(detail(4, "paid"))
    put_event(detail(4, "paid", organizationId="org_2"))
    assert [each["detail"]["organizationId"] for each in receive_messages(queue_url)] == ["org_2"]


def test_only_the_rule_can_send_to_its_queue_and_its_dead_letter_queue() -> None:
    resources = template()["Resources"]
    policy = resources["MayDeliver"]["Properties"]
    [statement] = policy["PolicyDocument"]["Statement"]
    [target] = resources["Rule"]["Properties"]["Targets"]
    assert policy["Queues"] == [{"Ref": "Changes"}, {"Ref": "Undelivered"}]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}}
    assert statement["Resource"] == [target["Arn"], target["DeadLetterConfig"]["Arn"]]


def test_the_program_empties_the_queue(aws: None, program: Any, database: sqlite3.Connection) -> None:
    queue_url = deploy_consumer()["QueueUrl"]
    for version, status in [(3, "pending"), (5, "paid"), (4, "failed")]:
        put_event(detail(version, status))
    sqs = boto3.client("sqs")
    assert program.drain(sqs, queue_url, database) == 3
    assert state(database) == [("org_1", "invoice", "inv_1", 5, "paid")]
    assert receive_messages(queue_url) == []


def test_a_message_that_cannot_be_applied_blocks_no_other_and_goes_to_the_dead_letter_queue(
    aws: None, program: Any, database: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    outputs, sqs = deploy_consumer(), boto3.client("sqs")
    put_event({"nonsense": True})
    put_event(detail(4, "paid"))
    sqs.set_queue_attributes(QueueUrl=outputs["QueueUrl"], Attributes={"VisibilityTimeout": "0"})  # no waiting
    for _ in range(RECEIVED_TIMES):
        program.drain(sqs, outputs["QueueUrl"], database)
    assert state(database) == [("org_1", "invoice", "inv_1", 4, "paid")]
    assert len([each for each in caplog.records if each.name == "root"]) == RECEIVED_TIMES
    assert receive_messages(outputs["QueueUrl"]) == []
    assert [each["detail"] for each in receive_messages(outputs["FailedUrl"])] == [{"nonsense": True}]


def state(database: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return database.execute("SELECT organization, kind, id, version, status FROM objects ORDER BY 1, 2, 3").fetchall()


HISTORY = [
    detail(2, "pending"),
    detail(3, "failed"),
    detail(4, "paid"),
    detail(2, "synced", objectKind="customer"),  # another object with the same id
    detail(9, "paid", organizationId="org_2"),
]


@pytest.mark.parametrize("order", [*itertools.permutations(HISTORY)])
def test_the_latest_state_is_stored_for_any_order_and_any_repetition_of_events(
    order: tuple[dict[str, Any], ...], program: Any, database: sqlite3.Connection
) -> None:
    for each in (*order, *order[::-1], *order):
        program.apply(database, {"detail": each})
    assert state(database) == [
        ("org_1", "customer", "inv_1", 2, "synced"),
        ("org_1", "invoice", "inv_1", 4, "paid"),
        ("org_2", "invoice", "inv_1", 9, "paid"),
    ]


def test_a_repeated_event_and_an_older_one_are_dropped(program: Any, database: sqlite3.Connection) -> None:
    results = [program.apply(database, {"detail": detail(version, "paid")}) for version in (3, 3, 2, 4)]
    assert results == [True, False, False, True]


def test_a_late_event_does_not_bring_a_deleted_object_back(program: Any, database: sqlite3.Connection) -> None:
    for version, status in [(3, None), (2, "draft")]:
        program.apply(database, {"detail": detail(version, status)})
    assert database.execute("SELECT version, status, object FROM objects").fetchall() == [(3, None, None)]


def of_ann(version: int, name: str | None, erased_at: str | None = None) -> dict[str, Any]:
    """Returns the published data of an invoice of Ann's: with her name, or without it after her erasure."""
    object_data = {
        "id": "inv_1",
        "customerId": "cust_1",
        "customerName": name,
        "erasedAt": erased_at,
        "lineItems": [{"serviceId": "svc_1", "description": f"{name}'s pool", "amount": "75.00"}],
        **dict.fromkeys(("number", "status", "currency", "total", "paidAmount", "refundedAmount", "paidOn"), "kept"),
    }
    return detail(version, "paid", object=object_data)


def of_customer(version: int, change_type: str, object_data: dict[str, str] | None) -> dict[str, Any]:
    changes = {"type": change_type, "objectKind": "customer", "objectId": "cust_1", "deleted": object_data is None}
    return detail(version, "synced" if object_data else None, **{**changes, "object": object_data})


ERASURE = [
    of_ann(2, "Ann Lee"),
    of_ann(3, "Ann Lee"),
    of_customer(3, "customer.synced", {"firstName": "Ann"}),
    of_customer(5, "customer.erased", None),
]
REFUNDED_LATER = of_ann(4, None, "2026-11-25T17:30:00Z")


@pytest.mark.parametrize("order", [*itertools.permutations(ERASURE)])
def test_only_accounting_data_of_an_erased_customer_is_stored_for_any_order_of_events(
    order: tuple[dict[str, Any], ...], program: Any, database: sqlite3.Connection
) -> None:
    for each in (*order, *order[::-1]):
        program.apply(database, {"detail": each})
    rows = database.execute("SELECT kind, version, object FROM objects ORDER BY 1").fetchall()
    assert "Ann" not in json.dumps(rows)
    [(_, version, customer_object), (_, invoice_version, books)] = rows
    assert (version, customer_object, invoice_version) == (5, None, 3)
    assert json.loads(books)["lineItems"] == [{"serviceId": "svc_1", "amount": "75.00"}]
    assert json.loads(books)["total"] == "kept"


@pytest.mark.parametrize("order", [*itertools.permutations([*ERASURE, REFUNDED_LATER])])
def test_an_invoice_that_arrives_without_personal_data_is_stored_unchanged(
    order: tuple[dict[str, Any], ...], program: Any, database: sqlite3.Connection
) -> None:
    for each in order:
        program.apply(database, {"detail": each})
    [(stored_object,)] = database.execute("SELECT object FROM objects WHERE kind = 'invoice'").fetchall()
    assert json.loads(stored_object) == REFUNDED_LATER["object"]


def test_other_customers_and_organizations_keep_their_invoices(program: Any, database: sqlite3.Connection) -> None:
    bob = of_ann(2, "Bob")
    bob |= {"objectId": "inv_2", "object": {**bob["object"], "customerId": "cust_2"}}
    elsewhere = {**of_ann(2, "Ann Fields"), "organizationId": "org_2"}
    for each in (bob, elsewhere, *ERASURE):
        program.apply(database, {"detail": each})
    query = "SELECT json_extract(object, '$.customerName') AS name FROM objects WHERE name NOT NULL ORDER BY name"
    names = [row[0] for row in database.execute(query)]
    assert names == ["Ann Fields", "Bob"]

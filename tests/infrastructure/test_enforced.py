"""The local stack enforces the policies of functions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib.adapters import tables
from chalicelib.adapters.tables.database import connection
from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.functions import FUNCTIONS, Secret
from infra.local import enforced_policies
from infra.local.aws import embedded_aws
from infra.local.resources import create_queues, create_tables
from infra.local.settings import SECRET_IDS
from infra.template.policies import policy

PREFIX = "held-"


@pytest.fixture
def queue_urls(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Yields the queues' URLs by name without prefix, in an AWS account with all resources and with enforced
    policies.
    """
    monkeypatch.setenv("POM_TABLE_PREFIX", PREFIX)
    with embedded_aws():
        create_tables(PREFIX)
        urls = create_queues(PREFIX)
        monkeypatch.setattr(BaseClient, "_make_api_call", BaseClient._make_api_call)  # type: ignore[attr-defined]
        enforced_policies._watch_calls()
        yield urls


def test_a_function_reads_only_the_tables_in_its_grants(queue_urls: dict[str, str]) -> None:
    invoices = tables.TableInvoices()
    organization, invoice = OrganizationId("org_1"), InvoiceId("inv_1")
    with enforced_policies.acting("invoice_jobs"):
        assert invoices.get(organization, invoice) is None
    with (
        enforced_policies.acting("customer_sync"),
        pytest.raises(Exception, match="not allow dynamodb:GetItem on InvoicesTable"),
    ):
        invoices.get(organization, invoice)


def test_a_function_queries_only_the_indexes_in_its_grants(queue_urls: dict[str, str]) -> None:
    customers, invoices = tables.TableCustomers(), tables.TableInvoices()
    with enforced_policies.acting("resume_stuck"):
        assert list(invoices.due_for_work(1, 10)) == []
        assert list(customers.pending(1, 10)) == []
    with (
        enforced_policies.acting("plan_reconciliation"),
        pytest.raises(Exception, match="InvoicesTable/index/due_work"),
    ):
        invoices.due_for_work(1, 10)


def test_a_function_sends_only_to_the_queues_in_its_grants(queue_urls: dict[str, str]) -> None:
    sqs = boto3.client("sqs")
    with enforced_policies.acting("plan_reconciliation"):
        sqs.send_message(QueueUrl=queue_urls["reconcile"], MessageBody="{}")
        with pytest.raises(ClientError, match="sqs:SendMessage on CustomerSyncQueue"):
            sqs.send_message(
                QueueUrl=queue_urls["customer-sync.fifo"],
                MessageBody="{}",
                MessageGroupId="g",
                MessageDeduplicationId="d",
            )


def test_the_authorizer_has_no_permissions_in_aws(queue_urls: dict[str, str]) -> None:
    with (
        enforced_policies.acting("token_authorizer"),
        pytest.raises(ClientError, match="secretsmanager:GetSecretValue"),
    ):
        boto3.client("secretsmanager").get_secret_value(SecretId=SECRET_IDS[Secret.PLATFORM])


READS = {
    "api_handler": {Secret.PLATFORM, Secret.WEBHOOK},
    "canary": {Secret.WEBHOOK},
    "customer_sync": {Secret.PLATFORM},
    "invoice_jobs": {Secret.PLATFORM},
    "batch_jobs": {Secret.PLATFORM},
    "balance_jobs": {Secret.PLATFORM},
    "erasures": {Secret.PLATFORM},
    "reconcile_account": {Secret.PLATFORM},
    "resume_stuck": {Secret.PLATFORM},
}
"""Who opens webhooks or signs canaries, and who calls Stripe; all others read no secret."""


@pytest.mark.parametrize("function", [each.name for each in FUNCTIONS])
def test_a_function_reads_only_the_secrets_in_its_grants(queue_urls: dict[str, str], function: str) -> None:
    secrets = boto3.client("secretsmanager")
    for secret, name in SECRET_IDS.items():
        secrets.create_secret(Name=name, SecretString="{}")
        with enforced_policies.acting(function):
            if secret in READS.get(function, ()):
                assert secrets.get_secret_value(SecretId=name)["SecretString"] == "{}"
            else:
                with pytest.raises(ClientError, match=f"GetSecretValue on Stripe{secret.capitalize()}SecretArn"):
                    secrets.get_secret_value(SecretId=name)


def test_only_the_hourly_plan_can_read_the_age_of_secrets(queue_urls: dict[str, str]) -> None:
    secrets = boto3.client("secretsmanager")
    for secret, name in SECRET_IDS.items():
        secrets.create_secret(Name=name, SecretString="{}")
        with enforced_policies.acting("plan_day"):
            assert len(secrets.list_secret_version_ids(SecretId=name)["Versions"]) == 1
        for function in FUNCTIONS:
            if function.name != "plan_day":
                refusal = f"ListSecretVersionIds on Stripe{secret.capitalize()}SecretArn"
                with enforced_policies.acting(function.name), pytest.raises(ClientError, match=refusal):
                    secrets.list_secret_version_ids(SecretId=name)


def test_no_function_writes_a_secret(queue_urls: dict[str, str]) -> None:
    for function in FUNCTIONS:
        with (
            enforced_policies.acting(function.name),
            pytest.raises(ClientError, match="not allow secretsmanager:PutSecretValue"),
        ):
            boto3.client("secretsmanager").put_secret_value(SecretId=SECRET_IDS[Secret.WEBHOOK], SecretString="{}")


def test_no_function_can_scan_or_delete_a_table(queue_urls: dict[str, str]) -> None:
    table = f"{PREFIX}invoices"
    for function in FUNCTIONS:
        with enforced_policies.acting(function.name):
            with pytest.raises(Exception, match="does not allow dynamodb:Scan on InvoicesTable"):
                connection().scan(table)
            with pytest.raises(Exception, match="does not allow dynamodb:DeleteTable on InvoicesTable"):
                connection().delete_table(table)


def test_code_outside_functions_is_not_restricted(queue_urls: dict[str, str]) -> None:
    assert connection().scan(f"{PREFIX}invoices")["Items"] == []


def test_a_transaction_needs_the_permission_for_each_operation() -> None:
    writes = [
        {"Put": {"TableName": "p-events"}},
        {"Update": {"TableName": "p-summaries"}},
        {"ConditionCheck": {"TableName": "p-invoices"}},
        {"Delete": {"TableName": "p-claims"}},
    ]
    assert enforced_policies.needed_rights("dynamodb", "TransactWriteItems", {"TransactItems": writes}, "p-") == {
        ("dynamodb:PutItem", "EventsTable"),
        ("dynamodb:UpdateItem", "SummariesTable"),
        ("dynamodb:ConditionCheckItem", "InvoicesTable"),
        ("dynamodb:DeleteItem", "ClaimsTable"),
    }
    assert enforced_policies.needed_rights(
        "dynamodb", "BatchGetItem", {"RequestItems": {"p-payment-refs": {}}}, "p-"
    ) == {("dynamodb:BatchGetItem", "PaymentRefsTable")}
    assert enforced_policies.needed_rights(
        "dynamodb", "BatchWriteItem", {"RequestItems": {"p-payouts": []}}, "p-"
    ) == {("dynamodb:BatchWriteItem", "PayoutsTable")}


def test_the_enforcement_understands_every_grant() -> None:
    for function in FUNCTIONS:
        assert enforced_policies.granted_rights(function.name), json.dumps(policy(function))

"""Deletion protection of tables: `make deploy` switches it on and checks it."""

from __future__ import annotations

from collections.abc import Iterator

from infra.deploy.aws import Aws
from infra.deploy.findings import CheckFailed
from infra.deploy.stacks import Stack

TABLE = "AWS::DynamoDB::Table"


def protect_tables(stack: Stack, aws: Aws) -> None:
    """Switches on deletion protection of each table that lacks it.

    The template does not, because CloudFormation could not delete a protected table when its creation is rolled back.
    """
    client = aws.client("dynamodb")
    for name in stack.physical_ids(TABLE).values():
        if not client.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
            client.update_table(TableName=name, DeletionProtectionEnabled=True)


def check_tables(stack: Stack, aws: Aws) -> str:
    """Returns the number of tables.

    Raises:
        CheckFailed: a table can be deleted, or cannot be restored to a point in time.
    """
    names = sorted(stack.physical_ids(TABLE).values())
    faults = [fault for name in names for fault in _faults(aws, name)]
    if faults or not names:
        raise CheckFailed("; ".join(faults) or "there are none")
    return f"{len(names)}, protected, restorable"


def _faults(aws: Aws, name: str) -> Iterator[str]:
    client = aws.client("dynamodb")
    if not client.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
        yield f"{name} can be deleted: aws dynamodb update-table --table-name {name} --deletion-protection-enabled"
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    status = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    if status != "ENABLED":
        yield f"{name} cannot be restored to a point in time: {status}"

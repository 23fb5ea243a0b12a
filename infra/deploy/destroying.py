"""`destroy`: deletes a development stage. Its data and its logs are deleted only on request."""

from __future__ import annotations

from infra.deploy import DeploymentError, checks, log_groups
from infra.deploy.aws import Aws
from infra.deploy.findings import run_check, show_findings
from infra.deploy.protection import TABLE
from infra.deploy.settings import PROD, StageSettings
from infra.deploy.stacks import Stack
from infra.ops.screen import Screen


class Destruction:
    """One run of `destroy`.

    Raises:
        DeploymentError: the stage is prod.
    """

    def __init__(
        self,
        stage: str,
        settings: StageSettings,
        screen: Screen,
        aws: Aws | None = None,
    ) -> None:
        if stage == PROD:
            raise DeploymentError("prod cannot be destroyed by a command, because it holds the companies' invoices.")
        self._settings, self._screen = settings, screen
        self._aws = aws or Aws(settings.region)
        self._stack = Stack(self._aws, settings.stack)
        self._groups: list[str] = []

    def check(self) -> None:
        """Raises DeploymentError if the account is another one, or the stack does not exist."""
        findings = [run_check("credentials", lambda: checks.check_caller(self._settings, self._aws))]
        show_findings(self._screen, "checks", f"Before {self._settings.stack} is destroyed", findings)
        checks.require_no_failures(findings)
        if self._stack.status is None:
            raise DeploymentError(f"There is no stack {self._settings.stack}.")

    def tables(self) -> list[str]:
        """Shows the tables and log groups, which outlive the stack. Returns the names of the tables."""
        names = sorted(self._stack.physical_ids(TABLE).values())
        rows = []
        for name in names:
            description = self._aws.client("dynamodb").describe_table(TableName=name)["Table"]
            is_protected = description.get("DeletionProtectionEnabled", False)
            rows.append({"table": name, "items_about": description.get("ItemCount", 0), "protected": is_protected})
        self._screen.table("retained", "Tables that stay, unless --with-data", rows)
        self._groups = sorted(self._stack.physical_ids(log_groups.LOG_GROUP).values())
        groups = [{"log_group": name} for name in self._groups]
        self._screen.table("log_groups", "Log groups that stay until you delete them, unless --with-logs", groups)
        stays = "the two Stripe secrets, the SNS topics, the bucket of artifacts, and Stripe's own webhook endpoint"
        self._screen.fact("stays", stays, f"Not part of the stack, and retained: {stays}.")
        return names

    def run(self, tables: list[str], *, with_data: bool, with_logs: bool) -> None:
        """Deletes the stack, and on request the tables and the log groups that it left."""
        self._stack.delete(self._settings.as_role)
        self._screen.fact("destroyed", self._stack.name, f"{self._stack.name} was deleted.")
        if with_data:
            self._delete(tables)
        if with_logs:
            log_groups.delete(self._groups, self._aws)
            text = f"{len(self._groups)} log groups were deleted, with all their lines."
            self._screen.fact("deleted_log_groups", self._groups, text)

    def _delete(self, tables: list[str]) -> None:
        client = self._aws.client("dynamodb")
        for name in self._screen.each(tables, "Deleting tables"):
            client.update_table(TableName=name, DeletionProtectionEnabled=False)
            client.get_waiter("table_exists").wait(TableName=name)
            client.delete_table(TableName=name)
        self._screen.fact(
            "deleted_tables", tables, f"{len(tables)} tables were deleted. Their point-in-time backups stay 35 days."
        )

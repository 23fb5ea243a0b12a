"""`deploy`: creates or updates one stage from its settings, and checks it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from infra.deploy import DeploymentError, checks
from infra.deploy.artifacts import Bucket, Code, Package, code_sha256, upload
from infra.deploy.aws import Aws
from infra.deploy.change_set import ChangeSet
from infra.deploy.findings import show_findings
from infra.deploy.protection import protect_tables
from infra.deploy.releases import release_values, rollback_configuration
from infra.deploy.settings import PROD, StageSettings, values
from infra.deploy.signing import signed_copy
from infra.deploy.smoke import check_after_release
from infra.deploy.stacks import FIRST_DEPLOYMENT_FAILED, ROLLBACK_FAILED, Stack
from infra.ops.screen import Screen
from infra.package import SBOM

REST_API = "RestAPI"
NEXT_STEPS: dict[str | None, str] = {
    FIRST_DEPLOYMENT_FAILED: (
        "No resource of it is left. Fix the first failure and deploy again: that deployment first deletes the empty"
        " stack."
    ),
    "UPDATE_ROLLBACK_COMPLETE": "The former release runs again. Fix the first failure, and deploy again.",
    ROLLBACK_FAILED: "The rollback failed, too: docs/deploying.md, Releasing and going back, says what to do.",
}
"""The next step of a person, by the stack's status after a change."""


@dataclass(frozen=True)
class Options:
    """The options of a deployment. `agree` is called before the stack is changed, and before a failed stack is
    deleted.
    """

    dry_run: bool = False
    allow_replacement: bool = False
    despite_alarms: bool = False
    agree: Callable[[str], bool] = lambda question: True


class Deployment:
    """One deployment of a stage."""

    def __init__(
        self,
        stage: str,
        settings: StageSettings,
        screen: Screen,
        pause: Callable[[float], None] = time.sleep,
        aws: Aws | None = None,
    ) -> None:
        self._stage, self._settings, self._screen, self._pause = stage, settings, screen, pause
        self._aws = aws or Aws(settings.region)
        self._stack = Stack(self._aws, settings.stack)

    def check(self, options: Options) -> None:
        """Runs all checks before anything is packaged or changed.

        Raises:
            DeploymentError: a check failed.
        """
        findings = checks.check_before_release(
            self._stage, self._settings, self._aws, despite_alarms=options.despite_alarms
        )
        show_findings(self._screen, "checks", f"Before {self._settings.stack} is changed", findings)
        checks.require_no_failures(findings)

    def run(self, package: Package, options: Options) -> None:
        """Deploys the package, and checks the stage afterwards.

        Raises:
            DeploymentError: a person declined, or the change failed and was rolled back.
        """
        first = not self._stack.exists
        if self._stack.status == FIRST_DEPLOYMENT_FAILED:
            self._clear(options)
        code = self._code(package)
        has_changed = self._change(package, code, options)
        if options.dry_run:
            return
        if has_changed and self._stack.parameters()["PublicApiUrl"] != self._values(options)["PublicApiUrl"]:
            self._screen.step("The API now has an address. A second change passes it to the functions.")
            self._change(package, code, replace(options, agree=lambda question: True))
        protect_tables(self._stack, self._aws)
        self._protect()
        findings = check_after_release(self._stack, package.template, code, self._aws, first=first, pause=self._pause)
        show_findings(self._screen, "smoke", f"After {self._stack.name} was deployed", findings)

    def _clear(self, options: Options) -> None:
        """Deletes the stack of a failed first deployment, because CloudFormation accepts no change of it."""
        name = self._stack.name
        if options.dry_run:
            raise DeploymentError(
                f"{name} is {FIRST_DEPLOYMENT_FAILED}, so CloudFormation shows no changes of it. A deployment without"
                f" --dry-run deletes it first, or you do: aws cloudformation delete-stack --stack-name {name}"
            )
        if not options.agree(f"Delete {name}, whose first deployment failed and left nothing?"):
            raise DeploymentError("You declined. Nothing was changed.")
        self._screen.step(f"{name} is deleted: its first deployment failed and left nothing")
        self._stack.delete(self._settings.as_role)

    def _protect(self) -> None:
        """Protects prod's stack from deletion."""
        if self._stage == PROD:
            cloudformation = self._aws.client("cloudformation")
            cloudformation.update_termination_protection(StackName=self._stack.name, EnableTerminationProtection=True)

    def _values(self, options: Options) -> dict[str, str]:
        api_ids = self._stack.physical_ids("AWS::ApiGateway::RestApi") if self._stack.exists else {}
        parameters = values(self._settings, api_ids.get(REST_API))
        return parameters | release_values(self._stage, parameters, despite_alarms=options.despite_alarms)

    def _code(self, package: Package) -> Code:
        """Uploads the zip and its bill of materials. Returns the zip, or its signed copy if the stage has a
        profile.
        """
        bucket, content = Bucket(self._aws, self._settings), package.archive.read_bytes()
        key = bucket.store(content, "zip")
        sbom_url = bucket.url(bucket.store(package.archive.with_name(SBOM).read_bytes(), "cdx.json"))
        self._screen.fact("sbom", sbom_url, f"The bill of materials of the zip is {sbom_url}")
        if self._settings.signing_profile:
            self._screen.step(f"AWS Signer signs the zip as {self._settings.signing_profile}")
            return signed_copy(key, self._settings, self._aws)
        return Code(key, code_sha256(content))

    def _change(self, package: Package, code: Code, options: Options) -> bool:
        """Creates, shows and executes a change set. Returns True if there was a change."""
        parameters = self._values(options)
        tags = {"app": "pom-stripe", "stage": self._stage}
        rollback = rollback_configuration(
            self._stage, self._stack.name, self._aws, despite_alarms=options.despite_alarms
        )
        url = upload(package.template, code, parameters, self._aws, self._settings)
        change_set = ChangeSet(self._aws, self._stack, self._settings.as_role)
        change_set.make(url, parameters, tags, rollback)
        if not change_set.changes:
            change_set.discard()
            self._screen.fact("unchanged", True, f"{self._stack.name} is up to date: the package contains no change.")
            return False
        warnings = change_set.show(self._screen)
        self._decide(change_set, warnings, options)
        if not options.dry_run:
            self._execute(change_set)
        return True

    def _decide(self, change_set: ChangeSet, warnings: list[str], options: Options) -> None:
        for warning in warnings:
            self._screen.warning(warning)
        if options.dry_run:
            change_set.discard()
            self._screen.fact("dry_run", True, "Nothing was changed, because this was a dry run.")
        elif warnings and not options.allow_replacement:
            change_set.discard()
            raise DeploymentError(
                "Nothing was changed, because something would be lost. To allow the loss: --allow-replacement."
            )
        elif not options.agree(f"Change {self._stack.name} in {self._settings.account}, {self._settings.region}?"):
            change_set.discard()
            raise DeploymentError("You declined. Nothing was changed.")

    def _execute(self, change_set: ChangeSet) -> None:
        self._screen.step(f"CloudFormation changes {self._stack.name}; its console shows each event")
        try:
            change_set.execute()
        finally:
            status = self._stack.status
            self._screen.fact(
                "ended", status, f"{self._stack.name} is {status}. {NEXT_STEPS.get(status, '')}".strip()
            )

"""The checks before a deployment: the stage's settings, and the resources that the settings name."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import (
    DeploymentError,
    backup_vault,
    log_groups,
    own_key,
    prerequisites,
    releases,
    signing,
    stripe_secret,
)
from infra.deploy.aws import Aws
from infra.deploy.concurrency import check_concurrency
from infra.deploy.findings import CheckFailed, Finding, State, run_check
from infra.deploy.settings import PROD, StageSettings, faults
from infra.deploy.stacks import DEPLOYABLE, FIRST_DEPLOYMENT_FAILED, ROLLBACK_FAILED, Stack
from infra.template.backup import COPY_VAULT
from infra.template.encryption import OWN_KEY
from infra.template.tables import tables

Check = Callable[[], str]


def check_before_release(
    stage: str, settings: StageSettings, aws: Aws, *, despite_alarms: bool = False
) -> list[Finding]:
    """Runs all checks. A check that calls AWS is skipped if the settings or the credentials are wrong."""
    settings_finding = run_check("parameter file", lambda: _settings(stage, settings))
    checks: dict[str, Check] = {"credentials": lambda: check_caller(settings, aws)}
    checks |= _checks_of_aws(stage, settings, aws)
    checks["release alarms"] = lambda: releases.check_release_alarms(
        settings.stack, aws, despite_alarms=despite_alarms
    )
    findings = [settings_finding]
    for check, perform in checks.items():
        settings_and_caller = findings[
            :2
        ]  # a file that is not filled in names no region, and nobody else's account is looked at
        is_blocked = any(each.state is State.FAILED for each in settings_and_caller)
        findings.append(
            Finding(check, State.SKIPPED, "a check above failed") if is_blocked else run_check(check, perform)
        )
    return findings


def _settings(stage: str, settings: StageSettings) -> str:
    if wrong := list(faults(stage, settings)):
        raise CheckFailed("; ".join(wrong))
    return f"{len(settings.parameters)} parameters, all valid"


def check_caller(settings: StageSettings, aws: Aws) -> str:
    """Returns the account, the region and the caller.

    Raises:
        CheckFailed: the credentials are missing, or belong to another account than the stage.
    """
    try:
        identity = aws.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as exc:
        raise CheckFailed(f"AWS rejects the credentials ({exc}): sign in, or set AWS_PROFILE") from exc
    if identity["Account"] != settings.account:
        raise CheckFailed(
            f"{identity['Arn']} is in the account {identity['Account']}, and the stage belongs to {settings.account}"
        )
    return f"account {settings.account}, {settings.region}, as {identity['Arn']}"


def _checks_of_aws(stage: str, settings: StageSettings, aws: Aws) -> dict[str, Check]:
    stack = Stack(aws, settings.stack)
    topics = [settings.parameters.get(name, "") for name in ("PageTopicArn", "TicketTopicArn")]
    checks: dict[str, Check] = {
        "stack": lambda: _stack(stack),
        "tables left over": lambda: _leftover_tables(stack, aws),
        "log groups left over": lambda: log_groups.check_leftovers(stack, aws),
        "artifact bucket": lambda: prerequisites.check_bucket(aws, settings),
        "API Gateway's logs": lambda: prerequisites.check_account_logs(aws),
        "Lambda's concurrency": lambda: check_concurrency(stage, settings, aws),
        "Stripe secret, platform": lambda: stripe_secret.check_platform_secret(stage, settings, aws),
        "Stripe secret, webhooks": lambda: stripe_secret.check_webhook_secret(
            settings, aws, was_deployed=stack.exists
        ),
        "SNS topic, page": lambda: prerequisites.check_topic(aws, topics[0], needs_listener=stage == PROD),
        "SNS topic, ticket": lambda: prerequisites.check_topic(aws, topics[1], needs_listener=stage == PROD),
        "token keys": lambda: prerequisites.check_token_keys(settings.parameters.get("TokenJwksUrl", "")),
    }
    if settings.domain:
        checks["domain"] = lambda: prerequisites.check_certificate(aws, settings)
    if settings.parameters.get(OWN_KEY):
        checks["own key"] = lambda: own_key.check_key(settings, aws)
    if settings.signing_profile:
        checks["code signing"] = lambda: signing.check_signing(settings, aws)
    if settings.parameters.get(COPY_VAULT):
        checks["vault of copies"] = lambda: backup_vault.check_vault(settings)
    return checks


def _stack(stack: Stack) -> str:
    status = stack.status
    if status is None:
        return f"{stack.name} does not exist yet and will be created"
    if status == FIRST_DEPLOYMENT_FAILED:
        return f"{stack.name} is {status}: its first deployment failed and left nothing; it is deleted first"
    if status in DEPLOYABLE:
        return f"{stack.name} is {status}"
    if status.endswith("_IN_PROGRESS"):
        raise CheckFailed(f"{stack.name} is {status}: wait until the change has ended")
    if status == ROLLBACK_FAILED:
        raise CheckFailed(
            f"{stack.name} is {status}: the rollback of a change failed, and CloudFormation accepts no other change"
            f" until it is completed. Remove the cause, such as an alarm that fires, and then: aws cloudformation"
            f" continue-update-rollback --stack-name {stack.name}"
        )
    raise CheckFailed(
        f"{stack.name} is {status}, in which CloudFormation accepts no change. The stack's events give the reason. A"
        f" stack that never ran can be deleted: aws cloudformation delete-stack --stack-name {stack.name}"
    )


def _leftover_tables(stack: Stack, aws: Aws) -> str:
    """Returns that no tables are left over. Tables outlive their stack, and block the names for another stack's
    tables.
    """
    if stack.exists:
        return "they are the stack's own"
    templates = {resource["Properties"]["TableName"]["Fn::Sub"] for resource in tables().values()}
    own_names = {name.replace("${AWS::StackName}", stack.name) for name in templates}
    existing = [
        name for page in aws.client("dynamodb").get_paginator("list_tables").paginate() for name in page["TableNames"]
    ]
    if leftovers := sorted(own_names & set(existing)):
        raise CheckFailed(f"an earlier stack left {', '.join(leftovers)}: import them into the stack, or delete them")
    return "none of an earlier stack"


def require_no_failures(findings: list[Finding]) -> None:
    """Raises DeploymentError if a check failed."""
    if any(finding.state is State.FAILED for finding in findings):
        raise DeploymentError("Nothing was changed. Fix the failed checks, and run the command again.")

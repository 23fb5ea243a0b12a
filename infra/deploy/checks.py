"""What is looked at before anything is touched: the stage's settings, and all that they name."""

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
from infra.deploy.concurrency import look_at_concurrency
from infra.deploy.findings import Bad, Finding, State, look
from infra.deploy.settings import PROD, StageSettings, faults
from infra.deploy.stacks import DEPLOYABLE, NEVER_MADE, STUCK_GOING_BACK, Stack
from infra.template.backup import COPY_VAULT
from infra.template.encryption import OWN_KEY
from infra.template.tables import tables

Check = Callable[[], str]


def look_before(stage: str, settings: StageSettings, aws: Aws, *, despite_alarms: bool = False) -> list[Finding]:
    """All checks; those that ask AWS only where it is known whom they ask."""
    told = look("parameter file", lambda: _settings(stage, settings))
    asked: dict[str, Check] = {"credentials": lambda: caller(settings, aws)}
    asked |= _of_aws(stage, settings, aws)
    asked["release alarms"] = lambda: releases.quiet(settings.stack, aws, despite_alarms=despite_alarms)
    findings = [told]
    for check, at in asked.items():
        first = findings[:2]  # a file that is not filled in names no region, and nobody else's account is looked at
        blocked = any(each.state is State.BAD for each in first)
        findings.append(Finding(check, State.SKIPPED, "the rows above come first") if blocked else look(check, at))
    return findings


def _settings(stage: str, settings: StageSettings) -> str:
    if wrong := list(faults(stage, settings)):
        raise Bad("; ".join(wrong))
    return f"{len(settings.parameters)} parameters, all as the template takes them"


def caller(settings: StageSettings, aws: Aws) -> str:
    """Who deploys, and that it is into the account that the settings name.

    Raises:
        Bad: it is another account, or there are no credentials.
    """
    try:
        who = aws.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as exc:
        raise Bad(f"AWS does not know who asks ({exc}): sign in, or set AWS_PROFILE") from exc
    if who["Account"] != settings.account:
        raise Bad(f"{who['Arn']} is in the account {who['Account']}, and the stage belongs to {settings.account}")
    return f"account {settings.account}, {settings.region}, as {who['Arn']}"


def _of_aws(stage: str, settings: StageSettings, aws: Aws) -> dict[str, Check]:
    stack = Stack(aws, settings.stack)
    topics = [settings.parameters.get(name, "") for name in ("PageTopicArn", "TicketTopicArn")]
    checks: dict[str, Check] = {
        "stack": lambda: _stack(stack),
        "tables left over": lambda: _tables_left_over(stack, aws),
        "log groups left over": lambda: log_groups.look_for_others(stack, aws),
        "artifact bucket": lambda: prerequisites.bucket(aws, settings),
        "API Gateway's logs": lambda: prerequisites.account_logs(aws),
        "Lambda's concurrency": lambda: look_at_concurrency(stage, settings, aws),
        "Stripe secret, platform": lambda: stripe_secret.look_at_platform(stage, settings, aws),
        "Stripe secret, webhooks": lambda: stripe_secret.look_at_webhooks(settings, aws, exists=stack.exists),
        "SNS topic, page": lambda: prerequisites.topic(aws, topics[0], needs_listener=stage == PROD),
        "SNS topic, ticket": lambda: prerequisites.topic(aws, topics[1], needs_listener=stage == PROD),
        "token keys": lambda: prerequisites.token_keys(settings.parameters.get("TokenJwksUrl", "")),
    }
    if settings.domain:
        checks["domain"] = lambda: prerequisites.certificate(aws, settings)
    if settings.parameters.get(OWN_KEY):
        checks["own key"] = lambda: own_key.look(settings, aws)
    if settings.signing_profile:
        checks["code signing"] = lambda: signing.look(settings, aws)
    if settings.parameters.get(COPY_VAULT):
        checks["vault of copies"] = lambda: backup_vault.look(settings)
    return checks


def _stack(stack: Stack) -> str:
    status = stack.status
    if status is None:
        return f"{stack.name} is not there yet: it will be made"
    if status == NEVER_MADE:
        return f"{stack.name} is {status}: its first deployment failed and left nothing; it is deleted first"
    if status in DEPLOYABLE:
        return f"{stack.name} is {status}"
    if status.endswith("_IN_PROGRESS"):
        raise Bad(f"{stack.name} is {status}: wait until that has ended")
    if status == STUCK_GOING_BACK:
        raise Bad(
            f"{stack.name} is {status}: going back from a change failed, and CloudFormation takes no other"
            f" change before that has ended. Once the cause is gone, such as a ringing alarm: aws cloudformation"
            f" continue-update-rollback --stack-name {stack.name}"
        )
    raise Bad(
        f"{stack.name} is {status}, and CloudFormation takes no change then. Its events say why. A stack that never"
        f" ran can be deleted: aws cloudformation delete-stack --stack-name {stack.name}"
    )


def _tables_left_over(stack: Stack, aws: Aws) -> str:
    """Tables outlive their stack, and their names keep another from making its own."""
    if stack.exists:
        return "they are the stack's own"
    wanted = {resource["Properties"]["TableName"]["Fn::Sub"] for resource in tables().values()}
    ours = {name.replace("${AWS::StackName}", stack.name) for name in wanted}
    found = [
        name for page in aws.client("dynamodb").get_paginator("list_tables").paginate() for name in page["TableNames"]
    ]
    if left := sorted(ours & set(found)):
        raise Bad(f"an earlier stack left {', '.join(left)}: import them into the stack, or delete them")
    return "none of an earlier stack"


def require(findings: list[Finding]) -> None:
    """Raises DeploymentError if one is bad."""
    if any(finding.state is State.BAD for finding in findings):
        raise DeploymentError("Nothing was touched: mend what failed, and run it again.")

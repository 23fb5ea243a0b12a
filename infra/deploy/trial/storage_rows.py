"""Rows about storage: retention, encryption and deletion of tables, log groups, the bus and backup copies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3

from chalicelib.domain.retention import RECOVERY_POINTS
from infra.deploy.findings import CheckFailed
from infra.deploy.log_groups import LOG_GROUP
from infra.deploy.protection import TABLE
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Harmless, NotTried, Row
from infra.template.backup import COPY_VAULT
from infra.template.encryption import OWN_KEY

LATEST = dt.timedelta(minutes=10)
"""The latest time to which a table can be restored is typically five minutes ago
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html).
"""
COPIED_WITHIN = dt.timedelta(days=2)
FUNCTION = "AWS::Lambda::Function"
QUEUE = "AWS::SQS::Queue"


def _require_no_faults(faults: Iterator[str], summary: str) -> str:
    """Returns the summary if there are no faults.

    Raises:
        CheckFailed: there are faults. The message lists them.
    """
    if problems := list(faults):
        raise CheckFailed("; ".join(problems))
    return summary


def _recovery(site: Site) -> str:
    now = dt.datetime.fromtimestamp(site.now(), dt.UTC)
    tables = site.physical_ids(TABLE).values()

    def faults() -> Iterator[str]:
        for name in tables:
            description = site.client("dynamodb").describe_continuous_backups(TableName=name)
            recovery = description["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
            latest = recovery.get("LatestRestorableDateTime")
            if recovery.get("PointInTimeRecoveryStatus") != "ENABLED" or latest is None:
                yield f"{name} has no point-in-time recovery"
            elif now - latest > LATEST:
                yield f"{name} can be restored only to {latest:%Y-%m-%d %H:%M} UTC"

    return _require_no_faults(faults(), f"{len(tables)} tables, to within the last {LATEST.seconds // 60} minutes")


def _expiry(site: Site) -> str:
    expected_attributes = {
        name: each["TimeToLiveSpecification"]["AttributeName"]
        for name, each in site.declared_properties(TABLE).items()
        if "TimeToLiveSpecification" in each
    }

    descriptions = {
        name: site.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        for name in expected_attributes
    }
    states = {
        f"the expiry of {name} by {attribute} is {descriptions[name]['TimeToLiveStatus']}": descriptions[name][
            "TimeToLiveStatus"
        ]
        for name, attribute in expected_attributes.items()
        if (descriptions[name]["TimeToLiveStatus"], descriptions[name].get("AttributeName")) != ("ENABLED", attribute)
    }
    if states and set(states.values()) == {"ENABLING"}:
        raise Harmless(f"{'; '.join(states)}: DynamoDB takes up to an hour for it")
    return _require_no_faults(iter(states), f"ENABLED for {len(expected_attributes)} tables")


def _streams(site: Site) -> str:
    expected_views = {
        name: each["StreamSpecification"]["StreamViewType"]
        for name, each in site.declared_properties(TABLE).items()
        if "StreamSpecification" in each
    }

    def faults() -> Iterator[str]:
        for name, view in expected_views.items():
            specification = (
                site.client("dynamodb").describe_table(TableName=name)["Table"].get("StreamSpecification", {})
            )
            if not specification.get("StreamEnabled") or specification.get("StreamViewType") != view:
                yield f"{name} has no stream of {view}"

    return _require_no_faults(faults(), f"{len(expected_views)} tables")


def _log_groups(site: Site) -> dict[str, dict[str, Any]]:
    """Returns the stack's log groups in CloudWatch Logs, by name, without groups that were deleted."""
    by_name = {}
    for name in site.physical_ids(LOG_GROUP).values():
        candidates = site.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        by_name.update({each["logGroupName"]: each for each in candidates if each["logGroupName"] == name})
    return by_name


def _log_retention(site: Site) -> str:
    groups = _log_groups(site)

    def faults() -> Iterator[str]:
        for name, each in site.declared_properties(LOG_GROUP).items():
            if name not in groups:
                yield f"{name} is gone"
            elif (days := groups[name].get("retentionInDays")) != each["RetentionInDays"]:
                period = f"for {days} days" if days else "for ever"
                yield f"{name} keeps lines {period}, not for {each['RetentionInDays']} days"

    return _require_no_faults(faults(), f"{len(groups)} groups, as the template says")


def _logs_outlive_copies(site: Site) -> str:
    if not site.parameters.get(COPY_VAULT):
        raise NotTried(f"the stage has no {COPY_VAULT}, so nothing is copied")
    [group] = [each for name, each in _log_groups(site).items() if name.endswith("-erasures")]
    days = group.get("retentionInDays")
    longest = max(int(site.parameters["BackupCopyDays"]), RECOVERY_POINTS.days)
    if days is not None and days <= longest:
        raise Harmless(
            f"lines are kept for {days} days and copies for {longest}: right for development, not for prod"
        )
    return f"lines are kept for {f'{days} days' if days else 'ever'}, and copies for {longest}"


def _own_key(site: Site) -> str:
    key = site.parameters.get(OWN_KEY)
    if not key:
        raise NotTried(f"the stage has no {OWN_KEY}: AWS's services use their own keys")
    keys_in_use = dict(_keys_in_use(site))
    wrongly_encrypted = sorted(name for name, key_in_use in keys_in_use.items() if key_in_use != key)
    return _require_no_faults(
        (f"{name} is encrypted with {keys_in_use[name] or 'no key of ours'}" for name in wrongly_encrypted),
        f"{len(keys_in_use)} things",
    )


def _keys_in_use(site: Site) -> Iterator[tuple[str, str | None]]:
    """Yields each resource that stores data, with the ARN of its key."""
    for name in site.physical_ids(TABLE).values():
        table = site.client("dynamodb").describe_table(TableName=name)["Table"]
        yield name, table.get("SSEDescription", {}).get("KMSMasterKeyArn")
    for url in site.physical_ids(QUEUE).values():
        response = site.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
        yield url, response.get("Attributes", {}).get("KmsMasterKeyId")
    for name, group in _log_groups(site).items():
        yield name, group.get("kmsKeyId")
    for name in site.physical_ids(FUNCTION).values():
        yield name, site.client("lambda").get_function_configuration(FunctionName=name).get("KMSKeyArn")
    bus = site.stack.outputs()["ChangesBusName"]
    yield bus, site.client("events").describe_event_bus(Name=bus).get("KmsKeyIdentifier")


def _bus(site: Site) -> str:
    events = site.client("events")
    name = site.stack.outputs()["ChangesBusName"]
    bus_name = events.describe_event_bus(Name=name)["Name"]
    consumers = events.list_rules(EventBusName=name)["Rules"]

    def faults() -> Iterator[str]:
        for rule in site.physical_ids("AWS::Events::Rule").values():
            if (state := events.describe_rule(Name=rule)["State"]) != "ENABLED":
                yield f"the schedule {rule} is {state}"
            if not events.list_targets_by_rule(Rule=rule)["Targets"]:
                yield f"the schedule {rule} starts nothing"
        yield from (f"the consumer's rule {each['Name']} is off" for each in consumers if each["State"] == "DISABLED")

    schedules = len(site.physical_ids("AWS::Events::Rule"))
    return _require_no_faults(
        faults(), f"{bus_name} with {len(consumers)} rules of consumers, and {schedules} schedules"
    )


def _copies(site: Site) -> str:
    vault = site.parameters.get(COPY_VAULT)
    if not vault:
        raise NotTried(f"the stage has no {COPY_VAULT}: AWS Backup copies nothing")
    since = dt.datetime.fromtimestamp(site.now(), dt.UTC) - COPIED_WITHIN
    pages = site.client("backup").get_paginator("list_copy_jobs")
    jobs = [
        job for page in pages.paginate(ByDestinationVaultArn=vault, ByCreatedAfter=since) for job in page["CopyJobs"]
    ]
    if failed_jobs := [job for job in jobs if job["State"] in {"FAILED", "ABORTED", "PARTIAL"}]:
        raise CheckFailed(
            "; ".join(f"{job['ResourceArn']}: {job.get('StatusMessage', job['State'])}" for job in failed_jobs)
        )
    copied_tables = {job["ResourceArn"].rpartition("/")[2] for job in jobs if job["State"] == "COMPLETED"}
    if not jobs:
        raise NotTried(f"AWS Backup has copied nothing yet: its schedule is {site.parameters['BackupSchedule']}, UTC")
    missing = sorted(set(site.physical_ids(TABLE).values()) - copied_tables)
    return _require_no_faults(
        (f"{name} was not copied in two days" for name in missing), f"{len(copied_tables)} tables in two days"
    )


def _copies_are_kept(site: Site) -> str:
    if not (vault := site.parameters.get(COPY_VAULT)):
        raise NotTried(f"the stage has no {COPY_VAULT}: there are no copies")
    _, _, _, region, account, _, name = vault.split(":")
    if account != site.settings.account:
        raise NotTried(f"the vault is of the account {account}, which only that account can be asked about")
    backup: Any = boto3.client("backup", region_name=region)
    points = backup.list_recovery_points_by_backup_vault(BackupVaultName=name, MaxResults=100)["RecoveryPoints"]
    own_points = [
        each for each in points if each["ResourceArn"].rpartition("/")[2] in site.physical_ids(TABLE).values()
    ]
    if not own_points:
        raise NotTried(f"{name} in {region} has no recovery point of this stage yet")
    without_expiry = sorted(
        {each["ResourceArn"] for each in own_points if "DeleteAfterDays" not in each.get("Lifecycle", {})}
    )
    return _require_no_faults(
        (f"a copy of {each} never expires" for each in without_expiry), f"{len(own_points)} recovery points"
    )


ROWS = (
    Row("restorable moment", "Each table can be restored to a time about five minutes ago.", _recovery),
    Row("expiry", "DynamoDB deletes expired items.", _expiry),
    Row("streams", "The tables whose changes are published have streams.", _streams),
    Row("log retention", "Each log group keeps lines for as long as the template says.", _log_retention),
    Row("logs and copies", "Log lines of erasures outlive the copies of tables.", _logs_outlive_copies),
    Row("own key", "Everything that stores something is encrypted with the stage's own key.", _own_key),
    Row("bus and schedules", "The bus is there, and each schedule is on and starts something.", _bus),
    Row("copies", "AWS Backup has copied each table in the last two days.", _copies),
    Row("copies expire", "Every copy expires.", _copies_are_kept),
)

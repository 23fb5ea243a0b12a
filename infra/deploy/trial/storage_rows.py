"""Tables, log groups, the bus and copies: whether what is stored is kept, encrypted and deleted as it has to be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3

from chalicelib.domain.retention import RECOVERY_POINTS
from infra.deploy.findings import Bad
from infra.deploy.log_groups import LOG_GROUP
from infra.deploy.protection import TABLE
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Harmless, NotTried, Row
from infra.template.backup import COPY_VAULT
from infra.template.encryption import OWN_KEY

LATEST = dt.timedelta(minutes=10)
"""The latest moment to which a table can be restored is typically five minutes ago
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html)."""
COPIED_WITHIN = dt.timedelta(days=2)
FUNCTION = "AWS::Lambda::Function"
QUEUE = "AWS::SQS::Queue"


def _all_good(faults: Iterator[str], good: str) -> str:
    """Returns `good` if there are no faults.

    Raises:
        Bad: there are; the message has all of them.
    """
    if found := list(faults):
        raise Bad("; ".join(found))
    return good


def _recovery(site: Site) -> str:
    now = dt.datetime.fromtimestamp(site.now(), dt.UTC)
    tables = site.physical_ids(TABLE).values()

    def faults() -> Iterator[str]:
        for name in tables:
            described = site.client("dynamodb").describe_continuous_backups(TableName=name)
            recovery = described["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
            latest = recovery.get("LatestRestorableDateTime")
            if recovery.get("PointInTimeRecoveryStatus") != "ENABLED" or latest is None:
                yield f"{name} has no point-in-time recovery"
            elif now - latest > LATEST:
                yield f"{name} can be restored only to {latest:%Y-%m-%d %H:%M} UTC"

    return _all_good(faults(), f"{len(tables)} tables, to within the last {LATEST.seconds // 60} minutes")


def _expiry(site: Site) -> str:
    wanted = {
        name: each["TimeToLiveSpecification"]["AttributeName"]
        for name, each in site.declared(TABLE).items()
        if "TimeToLiveSpecification" in each
    }

    found = {
        name: site.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        for name in wanted
    }
    states = {
        f"the expiry of {name} by {attribute} is {found[name]['TimeToLiveStatus']}": found[name]["TimeToLiveStatus"]
        for name, attribute in wanted.items()
        if (found[name]["TimeToLiveStatus"], found[name].get("AttributeName")) != ("ENABLED", attribute)
    }
    if states and set(states.values()) == {"ENABLING"}:
        raise Harmless(f"{'; '.join(states)}: DynamoDB takes up to an hour for it")
    return _all_good(iter(states), f"ENABLED for {len(wanted)} tables")


def _streams(site: Site) -> str:
    wanted = {
        name: each["StreamSpecification"]["StreamViewType"]
        for name, each in site.declared(TABLE).items()
        if "StreamSpecification" in each
    }

    def faults() -> Iterator[str]:
        for name, view in wanted.items():
            found = site.client("dynamodb").describe_table(TableName=name)["Table"].get("StreamSpecification", {})
            if not found.get("StreamEnabled") or found.get("StreamViewType") != view:
                yield f"{name} has no stream of {view}"

    return _all_good(faults(), f"{len(wanted)} tables")


def _groups(site: Site) -> dict[str, dict[str, Any]]:
    """Returns the stack's log groups as CloudWatch Logs shows them, by name; one that is gone is left out."""
    found = {}
    for name in site.physical_ids(LOG_GROUP).values():
        listed = site.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        found.update({each["logGroupName"]: each for each in listed if each["logGroupName"] == name})
    return found


def _log_retention(site: Site) -> str:
    found = _groups(site)

    def faults() -> Iterator[str]:
        for name, each in site.declared(LOG_GROUP).items():
            if name not in found:
                yield f"{name} is gone"
            elif (days := found[name].get("retentionInDays")) != each["RetentionInDays"]:
                yield f"{name} keeps lines for {days or 'ever'}, not for {each['RetentionInDays']} days"

    return _all_good(faults(), f"{len(found)} groups, as the template says")


def _logs_outlive_copies(site: Site) -> str:
    if not site.parameters.get(COPY_VAULT):
        raise NotTried(f"the stage has no {COPY_VAULT}, so nothing is copied")
    [group] = [each for name, each in _groups(site).items() if name.endswith("-erasures")]
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
    used = dict(_keys_in_use(site))
    wrong = sorted(name for name, found in used.items() if found != key)
    return _all_good(
        (f"{name} is encrypted with {used[name] or 'no key of ours'}" for name in wrong), f"{len(used)} things"
    )


def _keys_in_use(site: Site) -> Iterator[tuple[str, str | None]]:
    """Yields each thing that stores something, with the ARN of its key."""
    for name in site.physical_ids(TABLE).values():
        table = site.client("dynamodb").describe_table(TableName=name)["Table"]
        yield name, table.get("SSEDescription", {}).get("KMSMasterKeyArn")
    for url in site.physical_ids(QUEUE).values():
        asked = site.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
        yield url, asked.get("Attributes", {}).get("KmsMasterKeyId")
    for name, group in _groups(site).items():
        yield name, group.get("kmsKeyId")
    for name in site.physical_ids(FUNCTION).values():
        yield name, site.client("lambda").get_function_configuration(FunctionName=name).get("KMSKeyArn")
    bus = site.stack.outputs()["ChangesBusName"]
    yield bus, site.client("events").describe_event_bus(Name=bus).get("KmsKeyIdentifier")


def _bus(site: Site) -> str:
    events = site.client("events")
    name = site.stack.outputs()["ChangesBusName"]
    found = events.describe_event_bus(Name=name)["Name"]
    consumers = events.list_rules(EventBusName=name)["Rules"]

    def faults() -> Iterator[str]:
        for rule in site.physical_ids("AWS::Events::Rule").values():
            if (state := events.describe_rule(Name=rule)["State"]) != "ENABLED":
                yield f"the schedule {rule} is {state}"
            if not events.list_targets_by_rule(Rule=rule)["Targets"]:
                yield f"the schedule {rule} starts nothing"
        yield from (f"the consumer's rule {each['Name']} is off" for each in consumers if each["State"] == "DISABLED")

    schedules = len(site.physical_ids("AWS::Events::Rule"))
    return _all_good(faults(), f"{found} with {len(consumers)} rules of consumers, and {schedules} schedules")


def _copies(site: Site) -> str:
    vault = site.parameters.get(COPY_VAULT)
    if not vault:
        raise NotTried(f"the stage has no {COPY_VAULT}: AWS Backup copies nothing")
    since = dt.datetime.fromtimestamp(site.now(), dt.UTC) - COPIED_WITHIN
    pages = site.client("backup").get_paginator("list_copy_jobs")
    jobs = [
        job for page in pages.paginate(ByDestinationVaultArn=vault, ByCreatedAfter=since) for job in page["CopyJobs"]
    ]
    if failed := [job for job in jobs if job["State"] in {"FAILED", "ABORTED", "PARTIAL"}]:
        raise Bad("; ".join(f"{job['ResourceArn']}: {job.get('StatusMessage', job['State'])}" for job in failed))
    copied = {job["ResourceArn"].rpartition("/")[2] for job in jobs if job["State"] == "COMPLETED"}
    if not jobs:
        raise NotTried(f"AWS Backup has copied nothing yet: its schedule is {site.parameters['BackupSchedule']}, UTC")
    missing = sorted(set(site.physical_ids(TABLE).values()) - copied)
    return _all_good((f"{name} was not copied in two days" for name in missing), f"{len(copied)} tables in two days")


def _copies_are_kept(site: Site) -> str:
    if not (vault := site.parameters.get(COPY_VAULT)):
        raise NotTried(f"the stage has no {COPY_VAULT}: there are no copies")
    _, _, _, region, account, _, name = vault.split(":")
    if account != site.settings.account:
        raise NotTried(f"the vault is of the account {account}, which only that account can be asked about")
    elsewhere: Any = boto3.client("backup", region_name=region)
    points = elsewhere.list_recovery_points_by_backup_vault(BackupVaultName=name, MaxResults=100)["RecoveryPoints"]
    ours = [each for each in points if each["ResourceArn"].rpartition("/")[2] in site.physical_ids(TABLE).values()]
    if not ours:
        raise NotTried(f"{name} in {region} has no recovery point of this stage yet")
    endless = sorted({each["ResourceArn"] for each in ours if "DeleteAfterDays" not in each.get("Lifecycle", {})})
    return _all_good((f"a copy of {each} is kept for ever" for each in endless), f"{len(ours)} recovery points")


ROWS = (
    Row("restorable moment", "Each table can be restored to a moment some five minutes ago.", _recovery),
    Row("expiry", "DynamoDB deletes what has expired.", _expiry),
    Row("streams", "The tables whose changes are told have streams.", _streams),
    Row("log retention", "Each log group keeps lines for as long as the template says.", _log_retention),
    Row("logs and copies", "Log lines of erasures outlive the copies of tables.", _logs_outlive_copies),
    Row("own key", "Everything that stores something is encrypted with the stage's own key.", _own_key),
    Row("bus and schedules", "The bus is there, and each schedule is on and starts something.", _bus),
    Row("copies", "AWS Backup has copied each table in the last two days.", _copies),
    Row("copies expire", "No copy is kept for ever.", _copies_are_kept),
)

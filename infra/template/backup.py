"""AWS Backup of all tables with a copy in another region, if the stage names a vault for the copies.

DynamoDB alone can restore each table to any second of the last 35 days, in the same region. AWS Backup protects
against the loss of the region. If the vault belongs to another account, it protects against the loss of the account.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.retention import COPIES, RECOVERY_POINTS
from infra.template.alarms import Alarm, Grade
from infra.template.encryption import HAS_OWN_KEY, OWN_KEY
from infra.template.intrinsics import Json, get_att, is_given, ref, sub, when
from infra.template.measures import BACKUP, aws_metric
from infra.template.policies import allow
from infra.template.tables import tables

COPY_VAULT = "BackupCopyVaultArn"
HAS_BACKUP = "HasBackup"
HAS_KEYED_BACKUP = "HasBackupWithOwnKey"
USE_OF_KEY = "BackupUseOfKey"
"""The logical id of the policy that lets AWS Backup use the stage's own key."""
VAULT_NAME = "${AWS::StackName}-backups"
START_WITHIN = 60
"""Minutes within which AWS Backup starts each job: the least that AWS Backup accepts."""
COMPLETE_WITHIN = 480
"""Minutes after which AWS Backup gives up an unfinished job."""

PARAMETERS: Mapping[str, Json] = {
    COPY_VAULT: {
        "Type": "String",
        "Default": "",
        "Description": "Vault in another region for copies of all tables by AWS Backup; empty for no AWS Backup",
        "AllowedPattern": r"(arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:[a-zA-Z0-9_-]{2,50})?",
    },
    "BackupSchedule": {
        "Type": "String",
        "Default": "cron(0 5 * * ? *)",
        "Description": "When tables are backed up, in UTC; data written later is lost with the region",
        "AllowedPattern": r"cron\([^()]+\)",
    },
    "BackupCopyDays": {
        "Type": "Number",
        "Default": str(COPIES.days),
        "Description": "Days for which a copy is stored in the other region",
        "MinValue": 1,
    },
}

CONDITIONS: Json = {
    HAS_BACKUP: is_given(COPY_VAULT),
    HAS_KEYED_BACKUP: {"Fn::And": [{"Condition": HAS_BACKUP}, {"Condition": HAS_OWN_KEY}]},
}


class BackupAlarm(Alarm):
    """An alarm that never fires where AWS Backup is off: there its threshold is 0, and no count is below 0."""

    def resource(self) -> Json:
        """Returns the alarm as a CloudFormation resource."""
        made = super().resource()
        made["Properties"]["Threshold"] = {"Fn::If": [HAS_BACKUP, self.threshold, 0]}
        return made


BACKUP_ALARMS = (
    BackupAlarm(
        "BackupCopies",
        "No table's backup was copied to the other region for a day, or a backup or a copy failed.",
        Grade.TICKET,
        "backup-copies.md",
        {
            "copied": aws_metric(BACKUP, "NumberOfCopyJobsCompleted", VAULT_NAME, "Sum", "copied"),
            "failed": aws_metric(BACKUP, "NumberOfBackupJobsFailed", VAULT_NAME, "Sum", "backups failed"),
            "uncopied": aws_metric(BACKUP, "NumberOfCopyJobsFailed", VAULT_NAME, "Sum", "copies failed"),
        },
        threshold=1,
        comparison="<",
        period=86400,
        expression="IF(FILL(failed, 0) + FILL(uncopied, 0) > 0, 0, FILL(copied, 0))",
    ),
)


def backups() -> Json:
    """Returns the vault, the plan, the selection of tables, and the role, by logical id."""
    return {
        "BackupVault": _conditional(
            "AWS::Backup::BackupVault", {"BackupVaultName": sub(VAULT_NAME)}, DeletionPolicy="RetainExceptOnCreate"
        ),
        "BackupPlan": _conditional("AWS::Backup::BackupPlan", {"BackupPlan": _plan()}),
        "BackupSelection": _conditional(
            "AWS::Backup::BackupSelection",
            {
                "BackupPlanId": ref("BackupPlan"),
                "BackupSelection": {
                    "SelectionName": "tables",
                    "IamRoleArn": get_att("BackupRole"),
                    "Resources": _table_arns(),
                },
            },
        ),
        "BackupRole": _conditional("AWS::IAM::Role", _role()),
        USE_OF_KEY: {
            "Type": "AWS::IAM::ManagedPolicy",
            "Condition": HAS_KEYED_BACKUP,
            "Properties": {
                "Description": "Lets AWS Backup use the stage's own key for tables and recovery points.",
                "PolicyDocument": {"Version": "2012-10-17", "Statement": _use_of_key()},
            },
        },
    }


def _conditional(kind: str, properties: Json, **attributes: str) -> Json:
    policies = {**attributes, "UpdateReplacePolicy": "Retain"} if attributes else {}
    return {"Type": kind, "Condition": HAS_BACKUP, **policies, "Properties": properties}


def _plan() -> Json:
    return {
        "BackupPlanName": sub("${AWS::StackName}-tables"),
        "BackupPlanRule": [
            {
                "RuleName": "copied-to-another-region",
                "TargetBackupVault": ref("BackupVault"),
                "ScheduleExpression": ref("BackupSchedule"),
                "StartWindowMinutes": START_WITHIN,
                "CompletionWindowMinutes": COMPLETE_WITHIN,
                "Lifecycle": {"DeleteAfterDays": RECOVERY_POINTS.days},
                "CopyActions": [
                    {
                        "DestinationBackupVaultArn": ref(COPY_VAULT),
                        "Lifecycle": {"DeleteAfterDays": ref("BackupCopyDays")},
                    }
                ],
            }
        ],
    }


def _table_arns() -> list[Json]:
    return [get_att(name) for name in tables()]


def _role() -> Json:
    """Returns the role with the rights of AWSBackupServiceRolePolicyForBackup, limited to this stack's tables and
    vaults.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html
    """
    same_account = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
    trust = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    statements = [
        allow(
            "Tables",
            ["dynamodb:DescribeTable", "dynamodb:ListTagsOfResource", "dynamodb:StartAwsBackupJob"],
            _table_arns(),
        ),
        allow(
            "FromOurVault",
            ["backup:DescribeBackupVault", "backup:CopyFromBackupVault"],
            [get_att("BackupVault", "BackupVaultArn")],
        ),
        allow("ToTheOtherRegion", ["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"], [ref(COPY_VAULT)]),
    ]
    return {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{**trust, "Condition": same_account}]},
        "ManagedPolicyArns": when(HAS_OWN_KEY, [ref(USE_OF_KEY)]),
        "Policies": [
            {"PolicyName": "back-up-tables", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
        ],
    }


def _use_of_key() -> list[Json]:
    """Returns the rights of AWSBackupServiceRolePolicyForBackup on keys, limited to the stage's own key."""
    key = [ref(OWN_KEY)]
    using = ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"]
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [allow("UseKey", using, key), {**allow("GrantKey", ["kms:CreateGrant"], key), "Condition": for_aws}]

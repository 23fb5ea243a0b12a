"""Checks the backup vault for copies of the tables: it must exist, in another region."""

from __future__ import annotations

from typing import Any

import boto3

from infra.deploy.findings import ActionNeeded, CheckFailed
from infra.deploy.settings import StageSettings
from infra.template.backup import COPY_VAULT


def check_vault(settings: StageSettings) -> str:
    """Returns the vault's name and region.

    Raises:
        CheckFailed: the vault is in the stage's own region, or does not exist.
        ActionNeeded: the vault belongs to another account, so only that account can check it.
    """
    arn = settings.parameters[COPY_VAULT]
    _, _, _, region, account, _, name = arn.split(":")
    if region == settings.region:
        raise CheckFailed(
            f"{arn} is in the stage's own region, so a copy there is lost with it: name a vault in another one"
        )
    if account != settings.account:
        raise ActionNeeded(
            f"{name} in {region} belongs to the account {account}: check there that its policy lets"
            f" {settings.account} copy into it, and a day later that"
            f" `aws backup list-copy-jobs --region {settings.region}` says COMPLETED"
        )
    pages: Any = boto3.client("backup", region_name=region).get_paginator("list_backup_vaults").paginate()
    names = [each["BackupVaultName"] for page in pages for each in page["BackupVaultList"]]
    if name not in names:
        raise CheckFailed(
            f"there is no vault {name} in {region}: aws backup create-backup-vault --region {region} makes it"
        )
    return f"{name} in {region}"

"""The age of each secret, from Secrets Manager. No secret's value is read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.secrets import secrets_manager
from chalicelib.functions import Secret
from chalicelib.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

DAY = 86400
CURRENT = "AWSCURRENT"
"""The staging label of the version that functions read."""

_log = logging.getLogger(__name__)


class SecretAges:
    """Reads the versions of secrets, because the LastChangedDate of DescribeSecret also changes with a tag.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """

    def __init__(self, secret_ids: Mapping[Secret, str], clock: Clock) -> None:
        self._secret_ids = secret_ids
        self._clock = clock

    def days(self) -> dict[Secret, int | None]:
        """Returns the age of the current version of each secret, in whole days.

        The age is None if it cannot be read. A log line then says why.
        """
        return {secret: self._days(secret) for secret in Secret}

    def _days(self, secret: Secret) -> int | None:
        try:
            versions = self._client.list_secret_version_ids(SecretId=self._secret_ids[secret])["Versions"]
            [stored_at] = [each["CreatedDate"] for each in versions if CURRENT in each.get("VersionStages", ())]
        except (ClientError, BotoCoreError, KeyError, ValueError) as exc:
            code = exc.response["Error"]["Code"] if isinstance(exc, ClientError) else type(exc).__name__
            _log.error("secret_age_unknown: %s, %s", secret, code)
            return None
        return max(0, self._clock.now() - int(stored_at.timestamp())) // DAY

    @cached_property
    def _client(self) -> SecretsManagerClient:
        return secrets_manager()

"""For how long each secret has been as it is, from Secrets Manager, which is not asked for any value."""

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
    """Asks for the versions of secrets. DescribeSecret would not do: its LastChangedDate also moves with a tag.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """

    def __init__(self, secret_ids: Mapping[Secret, str], clock: Clock) -> None:
        self._secret_ids = secret_ids
        self._clock = clock

    def days(self) -> dict[Secret, int | None]:
        """Returns for how many whole days the current version of each secret has been stored.

        None stands for a secret of which that cannot be read; a line in the log says why.
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

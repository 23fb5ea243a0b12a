"""What only Stripe and we may know, from Secrets Manager."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws_sessions import aws_session
from chalicelib.config import ConfigurationError
from chalicelib.domain.errors import Retryable
from chalicelib.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

FRESH_FOR = 300
"""Seconds for which a fetched secret is used before it is asked for again."""

RETRY_AFTER = 30
"""Seconds for which the last good value is used after a refresh that failed."""

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class StripeSecrets:
    """The platform's secrets. Of the webhook secrets each one is good, so that they can be changed in peace."""

    api_key: str
    client_id: str
    webhook_secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return "StripeSecrets(…)"


class _Stored(msgspec.Struct, rename="camel", frozen=True):
    """The secret as it is stored."""

    api_key: str
    client_id: str
    webhook_secrets: tuple[str, ...]


class SecretStore:
    """Fetches the secret on first use and keeps it for a while."""

    def __init__(self, secret_id: str, clock: Clock) -> None:
        self._secret_id = secret_id
        self._clock = clock
        self._known: StripeSecrets | None = None
        self._good_until = 0
        self._guard = threading.Lock()

    def stripe(self) -> StripeSecrets:
        """The secrets, at most FRESH_FOR seconds old unless they cannot be fetched again.

        Raises:
            Retryable: they were never fetched, and cannot be now.
            ConfigurationError: they were never fetched, and the secret is missing or not of the expected form.
        """
        with self._guard:
            now = self._clock.now()
            if self._known is None:
                self._known, self._good_until = self._fetched(), now + FRESH_FOR
            elif now >= self._good_until:
                try:
                    self._known, self._good_until = self._fetched(), now + FRESH_FOR
                except (Retryable, ConfigurationError) as exc:
                    self._good_until = now + RETRY_AFTER
                    _log.warning("secret_refresh_failed: %s, using the last good value", type(exc.__cause__).__name__)
            return self._known

    def latest(self) -> StripeSecrets:
        """The secrets as they are stored at this moment; what is kept stays as it is.

        Raises:
            Retryable: they cannot be fetched now.
            ConfigurationError: the secret is missing or not of the expected form.
        """
        return self._fetched()

    def replace_webhook_secrets(self, webhook_secrets: Sequence[str]) -> None:
        """Store a new version of the secret with these, the newest first; the version before stays as AWSPREVIOUS.

        Only operators may: no function has the right to write it. Functions use the new version within FRESH_FOR
        seconds.

        Raises:
            Retryable: the secret cannot be read now.
            ConfigurationError: the secret is missing or not of the expected form.
            ClientError, BotoCoreError: it cannot be written; an operator is told AWS's own reason.
        """
        stored = self._decoded(dict[str, Any])
        text = msgspec.json.encode({**stored, "webhookSecrets": list(webhook_secrets)}).decode()
        self._client.put_secret_value(SecretId=self._secret_id, SecretString=text)

    def _fetched(self) -> StripeSecrets:
        stored = self._decoded(_Stored)
        return StripeSecrets(stored.api_key, stored.client_id, stored.webhook_secrets)

    def _decoded(self, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(self._text(), type=kind)
        except (KeyError, msgspec.MsgspecError) as exc:
            raise ConfigurationError(
                f'The secret {self._secret_id} is not of the form {{"apiKey", "clientId", "webhookSecrets": […]}}.'
            ) from exc

    def _text(self) -> str:
        try:
            return self._client.get_secret_value(SecretId=self._secret_id)["SecretString"]
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise ConfigurationError(f"There is no secret {self._secret_id}.") from exc
            raise _unavailable() from exc
        except BotoCoreError as exc:
            raise _unavailable() from exc

    @cached_property
    def _client(self) -> SecretsManagerClient:
        # botocore's, which pynamodb has loaded: boto3 on top of it would be a tenth of a first webhook
        return cast("SecretsManagerClient", aws_session().create_client("secretsmanager", config=_CONFIG))


def _unavailable() -> Retryable:
    return Retryable(
        "secrets_unavailable",
        "Stripe's credentials cannot be read at the moment.",
        next_step="Wait a moment; repeating the request is safe.",
    )

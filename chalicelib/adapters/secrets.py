"""The platform's Stripe key and the webhook secrets, from Secrets Manager. They are two separate secrets."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

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
"""Seconds for which a fetched secret is used before it is fetched again."""

RETRY_AFTER = 30
"""Seconds for which the last good value is used after a failed refresh."""

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
_log = logging.getLogger(__name__)


class PlatformSecret(msgspec.Struct, rename="camel", frozen=True):
    """The key with which Stripe is called, and Connect's client id.

    Unknown fields are ignored. In a stage that moved from one secret to two, this secret still has webhookSecrets
    while the former release runs (docs/deploying.md).
    """

    api_key: str
    client_id: str

    def __repr__(self) -> str:
        return "PlatformSecret(…)"


class WebhookSecrets(msgspec.Struct, rename="camel", frozen=True):
    """The secrets with which Stripe signs events, the newest first. All are valid, so they can be rotated safely."""

    webhook_secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return "WebhookSecrets(…)"


_FORMS: Mapping[type, str] = {PlatformSecret: '{"apiKey", "clientId"}', WebhookSecrets: '{"webhookSecrets": […]}'}

T = TypeVar("T", bound=PlatformSecret | WebhookSecrets)
D = TypeVar("D")


class SecretStore(Generic[T]):
    """Fetches one secret on first use and caches it."""

    def __init__(self, secret_id: str, form: type[T], clock: Clock) -> None:
        self._secret_id = secret_id
        self._form = form
        self._clock = clock
        self._cached: T | None = None
        self._fresh_until = 0
        self._guard = threading.Lock()

    def value(self) -> T:
        """Returns the cached secret, at most FRESH_FOR seconds old unless it cannot be fetched again.

        Raises:
            Retryable: the secret was never fetched, and cannot be fetched now.
            ConfigurationError: the secret was never fetched, and is missing or not of the expected form.
        """
        with self._guard:
            now = self._clock.now()
            if self._cached is None:
                self._cached, self._fresh_until = self.latest(), now + FRESH_FOR
            elif now >= self._fresh_until:
                try:
                    self._cached, self._fresh_until = self.latest(), now + FRESH_FOR
                except (Retryable, ConfigurationError) as exc:
                    self._fresh_until = now + RETRY_AFTER
                    _log.warning("secret_refresh_failed: %s, using the last good value", type(exc.__cause__).__name__)
            return self._cached

    def latest(self) -> T:
        """Returns the secret as it is stored now. The cache stays unchanged.

        Raises:
            Retryable: the secret cannot be fetched now.
            ConfigurationError: the secret is missing or not of the expected form.
        """
        return self._decode(self._form)

    def _decode(self, kind: type[D]) -> D:
        try:
            return msgspec.json.decode(self._text(), type=kind)
        except (KeyError, msgspec.MsgspecError) as exc:
            raise ConfigurationError(
                f"The secret {self._secret_id} is not of the form {_FORMS[self._form]}."
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
        return secrets_manager()


class WebhookSecretStore(SecretStore[WebhookSecrets]):
    """The webhook secrets, which operators rotate."""

    def __init__(self, secret_id: str, clock: Clock) -> None:
        super().__init__(secret_id, WebhookSecrets, clock)

    def replace(self, webhook_secrets: Sequence[str]) -> None:
        """Stores these secrets, the newest first, as a new version. The former version stays as AWSPREVIOUS.

        Only operators may call this, because no function has the right to write the secret. Functions use the new
        version within FRESH_FOR seconds.

        Raises:
            Retryable: the secret cannot be read now.
            ConfigurationError: the secret is missing or not of the expected form.
            ClientError, BotoCoreError: the secret cannot be written. The error has AWS's own reason, for the
              operator.
        """
        stored_fields = self._decode(dict[str, Any])
        text = msgspec.json.encode({**stored_fields, "webhookSecrets": list(webhook_secrets)}).decode()
        self._client.put_secret_value(SecretId=self._secret_id, SecretString=text)


def secrets_manager() -> SecretsManagerClient:
    """Returns a new client of Secrets Manager that gives up within seconds."""
    # botocore's client, because pynamodb has loaded botocore. Loading boto3 would take a tenth of a first webhook's
    # time.
    return cast("SecretsManagerClient", aws_session().create_client("secretsmanager", config=_CONFIG))


def _unavailable() -> Retryable:
    return Retryable(
        "secrets_unavailable",
        "Stripe's credentials cannot be read at the moment.",
        next_step="Wait a moment; repeating the request is safe.",
    )

"""What only Stripe and we may know, from Secrets Manager: the platform's key by itself, and the webhook secrets."""

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
"""Seconds for which a fetched secret is used before it is asked for again."""

RETRY_AFTER = 30
"""Seconds for which the last good value is used after a refresh that failed."""

_CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3})
_log = logging.getLogger(__name__)


class PlatformSecret(msgspec.Struct, rename="camel", frozen=True):
    """The key with which Stripe is called, and Connect's client id.

    Fields that are not known are passed over: the secret of a stage that came from one secret to two still has
    webhookSecrets in it while the release before runs (docs/deploying.md).
    """

    api_key: str
    client_id: str

    def __repr__(self) -> str:
        return "PlatformSecret(…)"


class WebhookSecrets(msgspec.Struct, rename="camel", frozen=True):
    """The secrets with which Stripe signs events, the newest first. Each is good, so they can be changed in peace."""

    webhook_secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return "WebhookSecrets(…)"


_FORMS: Mapping[type, str] = {PlatformSecret: '{"apiKey", "clientId"}', WebhookSecrets: '{"webhookSecrets": […]}'}

T = TypeVar("T", bound=PlatformSecret | WebhookSecrets)
D = TypeVar("D")


class SecretStore(Generic[T]):
    """Fetches one secret on first use and keeps it for a while."""

    def __init__(self, secret_id: str, form: type[T], clock: Clock) -> None:
        self._secret_id = secret_id
        self._form = form
        self._clock = clock
        self._known: T | None = None
        self._good_until = 0
        self._guard = threading.Lock()

    def kept(self) -> T:
        """The secret, at most FRESH_FOR seconds old unless it cannot be fetched again.

        Raises:
            Retryable: it was never fetched, and cannot be now.
            ConfigurationError: it was never fetched, and is missing or not of the expected form.
        """
        with self._guard:
            now = self._clock.now()
            if self._known is None:
                self._known, self._good_until = self.latest(), now + FRESH_FOR
            elif now >= self._good_until:
                try:
                    self._known, self._good_until = self.latest(), now + FRESH_FOR
                except (Retryable, ConfigurationError) as exc:
                    self._good_until = now + RETRY_AFTER
                    _log.warning("secret_refresh_failed: %s, using the last good value", type(exc.__cause__).__name__)
            return self._known

    def latest(self) -> T:
        """The secret as it is stored at this moment; what is kept stays as it is.

        Raises:
            Retryable: it cannot be fetched now.
            ConfigurationError: it is missing or not of the expected form.
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
    """The webhook secrets, which operators exchange."""

    def __init__(self, secret_id: str, clock: Clock) -> None:
        super().__init__(secret_id, WebhookSecrets, clock)

    def replace(self, webhook_secrets: Sequence[str]) -> None:
        """Store these, the newest first, as a new version of the secret; the version before stays as AWSPREVIOUS.

        Only operators may: no function has the right to write it. Functions use the new version within FRESH_FOR
        seconds.

        Raises:
            Retryable: the secret cannot be read now.
            ConfigurationError: the secret is missing or not of the expected form.
            ClientError, BotoCoreError: it cannot be written; an operator is told AWS's own reason.
        """
        stored_fields = self._decode(dict[str, Any])
        text = msgspec.json.encode({**stored_fields, "webhookSecrets": list(webhook_secrets)}).decode()
        self._client.put_secret_value(SecretId=self._secret_id, SecretString=text)


def secrets_manager() -> SecretsManagerClient:
    """A new client of Secrets Manager that gives up within seconds."""
    # botocore's, which pynamodb has loaded: boto3 on top of it would be a tenth of a first webhook
    return cast("SecretsManagerClient", aws_session().create_client("secretsmanager", config=_CONFIG))


def _unavailable() -> Retryable:
    return Retryable(
        "secrets_unavailable",
        "Stripe's credentials cannot be read at the moment.",
        next_step="Wait a moment; repeating the request is safe.",
    )

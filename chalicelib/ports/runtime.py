"""What else is around the use cases: queues, time and chance, and our own front door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chalicelib.ports.messages import Message, Reconciliation


class Queues(Protocol):
    """Work for later."""

    def send(self, message: Message) -> None:
        """Queue one message. Raises: Retryable."""

    def send_all(self, messages: Sequence[Reconciliation]) -> None:
        """Queue these messages. Raises: Retryable; some may have been sent."""


class Clock(Protocol):
    """Time and chance, injected so that tests own both."""

    def now(self) -> int:
        """Epoch seconds UTC."""

    def nonce(self) -> str:
        """An unguessable text of at least 128 bits."""

    def milliseconds(self) -> int:
        """Epoch milliseconds UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def pause(self, seconds: float) -> None:
        """Wait for about so long: by chance from half of it to one and a half."""


class OwnWebhook(Protocol):
    """Our own webhook endpoint, met by its public URL as Stripe meets it."""

    def secrets(self) -> Sequence[str]:
        """The signing secrets as they are stored at this moment, the newest first. Raises Retryable."""

    def post(self, body: bytes, secret: str, at: int) -> int:
        """Send an event, signed with `secret` at that moment; answers the HTTP status.

        Raises: Retryable if there is no answer.
        """

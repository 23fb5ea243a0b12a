"""The queues, the clock, and POM's own webhook endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chalicelib.ports.messages import Message, Reconciliation


class Queues(Protocol):
    """Queues of work that is done later."""

    def send(self, message: Message) -> None:
        """Queues one message. Raises: Retryable."""

    def send_all(self, messages: Sequence[Reconciliation]) -> None:
        """Queues these messages. Raises: Retryable; some may have been sent."""


class Clock(Protocol):
    """Time and randomness, injected so that tests control both."""

    def now(self) -> int:
        """Returns epoch seconds UTC."""

    def nonce(self) -> str:
        """Returns an unguessable text of at least 128 bits."""

    def milliseconds(self) -> int:
        """Returns epoch milliseconds UTC."""

    def sleep(self, seconds: float) -> None:
        """Waits."""

    def pause(self, seconds: float) -> None:
        """Waits for a random time between half of `seconds` and one and a half times as long."""


class OwnWebhook(Protocol):
    """POM's own webhook endpoint, called by its public URL as Stripe calls it."""

    def secrets(self) -> Sequence[str]:
        """Returns the signing secrets as they are stored now, the newest first. Raises: Retryable."""

    def post(self, body: bytes, secret: str, at: int) -> int:
        """Sends an event, signed with `secret` at the time `at`. Returns the HTTP status.

        Raises: Retryable if there is no response.
        """

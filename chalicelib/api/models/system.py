"""Answers about the service itself."""

from __future__ import annotations

import msgspec

VERSION = "0.1.0"
"""As in pyproject.toml, which does not ship."""


class Health(msgspec.Struct, rename="camel"):
    """The service answers."""

    status: str
    version: str


class Received(msgspec.Struct, rename="camel"):
    """Stripe's event is kept; Stripe need not send it again."""

    received: bool

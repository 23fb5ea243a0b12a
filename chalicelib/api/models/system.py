"""Answers about the service itself."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

VERSION = "0.1.0"
"""As in pyproject.toml, which does not ship."""


class Health(msgspec.Struct, rename="camel"):
    """The service answers."""

    status: Annotated[Literal["ok"], Meta(description="Always `ok`.")]
    version: Annotated[str, Meta(description="The version of the service, as in `info.version` of this document.")]


class Received(msgspec.Struct, rename="camel"):
    """Stripe's event is kept; Stripe need not send it again."""

    received: Annotated[bool, Meta(description="Always true.")]

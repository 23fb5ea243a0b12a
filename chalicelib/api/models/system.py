"""The responses about the service itself."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

VERSION = "0.1.0"
"""The version in pyproject.toml, which is not part of the package."""


class Health(msgspec.Struct, rename="camel"):
    """The service is available."""

    status: Annotated[Literal["ok"], Meta(description="Always `ok`.")]
    version: Annotated[str, Meta(description="The version of the service, as in `info.version` of this document.")]


class Received(msgspec.Struct, rename="camel"):
    """POM has stored Stripe's event, so Stripe does not have to send it again."""

    received: Annotated[bool, Meta(description="Always true.")]

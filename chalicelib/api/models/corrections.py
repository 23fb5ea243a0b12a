"""The request to correct an issued invoice."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Correction(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """The confirmation that the invoice will be voided permanently."""

    confirmed: Annotated[
        bool,
        Meta(
            description="True if a person has confirmed the correction. Otherwise the response is 409 "
            "`confirmation_missing`, and its message says what the correction does to this invoice."
        ),
    ] = False

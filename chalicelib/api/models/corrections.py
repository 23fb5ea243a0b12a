"""The request to correct an invoice that was issued."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Correction(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """The confirmation of somebody who knows that the invoice is voided for good."""

    confirmed: Annotated[
        bool,
        Meta(
            description="True if a person has confirmed it. Without it the answer is 409 "
            "`confirmation_missing`, whose message says what the correction does to this invoice."
        ),
    ] = False

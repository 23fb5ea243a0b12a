"""The request to record a payment that did not go through Stripe."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.exact import ExactPayment
from chalicelib.domain.outside_payment import METHODS
from chalicelib.domain.texts import ONE_LINE_PATTERN, visible_or_empty
from chalicelib.usecases.invoicing.settle_outside import Settlement


class OutsidePayment(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A payment outside Stripe to record."""

    method: Annotated[str, Meta(description="How the customer paid.", extra_json_schema={"enum": list(METHODS)})]
    reference: (
        Annotated[
            str,
            Meta(
                max_length=100,
                pattern=ONE_LINE_PATTERN,
                description="What identifies the payment, such as the number of a check.",
                examples=["No. 1042"],
            ),
        ]
        | None
    ) = None
    paid_on: (
        Annotated[
            dt.date,
            Meta(
                description="The day on which the customer paid, in the organization's time zone. If left out, "
                "today. It must not be in the future, nor more than a year before the invoice was created.",
                examples=["2026-11-20"],
            ),
        ]
        | None
    ) = None
    amount: (
        Annotated[
            ExactPayment,
            Meta(
                description="The amount that the customer paid, in the invoice's currency. It must be the whole "
                "amount that remains to be paid, because Stripe does not record a part of it. If left out, the "
                "whole remaining amount is recorded."
            ),
        ]
        | None
    ) = None


def settlement_from(payment: OutsidePayment) -> Settlement:
    reference = visible_or_empty(payment.reference or "").strip() or None
    return Settlement(payment.method, reference, payment.paid_on, payment.amount)

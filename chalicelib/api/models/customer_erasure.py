"""The request to erase a customer, and the state of an erasure."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant, Link, instant, instant_or_none
from chalicelib.domain.customer import Customer
from chalicelib.domain.erasure import Erasure, ErasureBlocker, ErasureStatus, InStripe
from chalicelib.domain.erasure_blockers import blocker_error
from chalicelib.domain.erasure_wording import KEPT, OUT_OF_REACH, REDACTION, in_stripe_text, status_text
from chalicelib.domain.retention_types import Expires

_CHOICE = (
    "What happens to the Stripe customer. `keep`: POM leaves it unchanged; the company redacts it in Stripe, or has "
    "a reason to keep it. `delete`: POM deletes it, which cancels its subscriptions and removes its saved payment "
    "methods; Stripe keeps its past invoices and payments."
)
_STATUS = (
    "The status of the erasure. `waiting`: nothing is erased yet, because POM waits for the items of `waitsFor`, or "
    "is about to begin. `erasing`: the customer's record no longer has the person's data, and POM erases the "
    "remaining copies. `erased`: everything is erased, and a check one day later found no remaining data."
)


class ErasureQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How to erase a customer."""

    in_stripe: Annotated[InStripe, Meta(description=_CHOICE)]


class UnsettledView(msgspec.Struct, rename="camel", kw_only=True):
    """An open item, such as an unpaid invoice, that blocks the erasure."""

    code: Annotated[
        str,
        Meta(
            description="The error code of the open item. A new request to erase the customer would be refused "
            "with this code."
        ),
    ]
    message: Annotated[str, Meta(description="The open item, in a sentence for people.")]
    next_step: Annotated[str, Meta(description="How to close the item, in a sentence for people.")]
    invoice_id: Annotated[
        str | None, Meta(description="POM's id of the open invoice. Null if the item is a batch or an import.")
    ]
    batch_id: Annotated[
        str | None,
        Meta(description="The id of the open batch of invoices or of the import. Null if the item is an invoice."),
    ]


class ErasureInStripeView(msgspec.Struct, rename="camel", kw_only=True):
    """The person's data in Stripe, which the company controls."""

    choice: Annotated[InStripe, Meta(description=_CHOICE)]
    stripe_customer_id: Annotated[
        str | None,
        Meta(description="Stripe's id of the linked Stripe customer. Null if the customer was never linked to one."),
    ]
    deleted_at: Annotated[
        Instant | None,
        Meta(
            description="Time at which POM deleted the Stripe customer, or found that it no longer exists. RFC "
            "3339, UTC. Null otherwise."
        ),
    ]
    message: Annotated[
        str,
        Meta(description="The person's data that remains in Stripe, and what the company does there, for people."),
    ]
    redaction_url: Annotated[Link, Meta(description="Stripe's page about redaction.")]


class OutOfReachView(msgspec.Struct, rename="camel", kw_only=True):
    """Copies that nobody can change. They are deleted automatically."""

    what: Annotated[str, Meta(description="The kind of copy, such as a backup, in words for people.")]
    days: Annotated[int, Meta(description="The number of days for which a copy is retained.")]
    gone_by: Annotated[
        Instant | None,
        Meta(
            description="Time by which the last copy with the person's data is deleted. RFC 3339, UTC. Null until "
            "the erasure is finished."
        ),
    ]


class ErasureView(msgspec.Struct, rename="camel", kw_only=True):
    """The erasure of a customer. It has no data of the person."""

    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    status: Annotated[ErasureStatus, Meta(description=_STATUS)]
    message: Annotated[
        str, Meta(description="The progress of the erasure and the next step, in sentences for people.")
    ]
    waits_for: Annotated[
        list[UnsettledView],
        Meta(description="The open items that block the erasure. Usually empty."),
    ]
    requested_by: Annotated[
        str,
        Meta(
            description="The id of the user who requested the erasure, which is the `sub` of the access token. "
            "`operator` if POM's operations team requested it."
        ),
    ]
    requested_at: Annotated[Instant, Meta(description="Time at which the erasure was requested. RFC 3339, UTC.")]
    erased_at: Annotated[
        Instant | None,
        Meta(
            description="Time at which the person's data was removed from the customer's record. RFC 3339, UTC. "
            "Null before."
        ),
    ]
    finished_at: Annotated[
        Instant | None,
        Meta(description="Time at which POM's last check found no remaining data. RFC 3339, UTC. Null before."),
    ]
    in_stripe: Annotated[ErasureInStripeView, Meta(description="The person's data in Stripe.")]
    kept: Annotated[
        list[str], Meta(description="The data that POM retains and the reasons, in sentences for people.")
    ]
    out_of_reach: Annotated[
        list[OutOfReachView], Meta(description="Copies that nobody can change, with the time of their deletion.")
    ]


def erasure_view(customer: Customer) -> ErasureView:
    """Returns the customer's erasure.

    Raises:
        ValueError: nobody has requested one.
    """
    erasure = customer.erasure
    if erasure is None:
        raise ValueError(f"nobody has requested to erase {customer.id}")
    return ErasureView(
        customer_id=customer.id,
        status=erasure.status,
        message=status_text(erasure),
        waits_for=[_unsettled_view(each) for each in erasure.waits_for],
        requested_by=erasure.requested_by,
        requested_at=instant(erasure.requested_at),
        erased_at=instant_or_none(erasure.erased_at),
        finished_at=instant_or_none(erasure.finished_at),
        in_stripe=ErasureInStripeView(
            choice=erasure.in_stripe,
            stripe_customer_id=customer.linked_id,
            deleted_at=instant_or_none(erasure.deleted_in_stripe_at),
            message=in_stripe_text(erasure, linked=customer.linked_id is not None),
            redaction_url=REDACTION,
        ),
        kept=list(KEPT),
        out_of_reach=[_out_of_reach_view(holder, retention, erasure) for holder, retention in OUT_OF_REACH.items()],
    )


def _unsettled_view(unsettled: ErasureBlocker) -> UnsettledView:
    error = blocker_error(unsettled)
    return UnsettledView(
        code=error.code,
        message=error.message,
        next_step=error.next_step or "",
        invoice_id=error.invoice_id,
        batch_id=unsettled.object_id if error.invoice_id is None else None,
    )


def _out_of_reach_view(holder: str, retention: Expires, erasure: Erasure) -> OutOfReachView:
    gone_by = None if erasure.finished_at is None else instant(erasure.finished_at + retention.seconds)
    return OutOfReachView(what=holder, days=retention.days, gone_by=gone_by)

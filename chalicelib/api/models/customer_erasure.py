"""The erasure of a customer: how it is asked for, and as it is answered."""

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
    "What becomes of the Stripe customer. `keep`: it stays as it is, and the company redacts it in Stripe, or has a "
    "reason to keep it. `delete`: POM deletes it, which cancels its subscriptions and removes its saved payment "
    "methods; Stripe keeps its past invoices and payments."
)
_STATUS = (
    "`waiting`: nothing is erased yet, because of what `waitsFor` lists, or because POM is about to begin. "
    "`erasing`: the customer's record holds nothing of the person any more, and POM erases the rest. "
    "`erased`: everything is erased, and POM has looked again a day later and found nothing left."
)


class ErasureQuery(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """How a customer is erased."""

    in_stripe: Annotated[InStripe, Meta(description=_CHOICE)]


class UnsettledView(msgspec.Struct, rename="camel", kw_only=True):
    """Something that has to be settled or voided before the person can be erased."""

    code: Annotated[
        str,
        Meta(description="The kind of thing: the code with which a new request is refused because of it."),
    ]
    message: Annotated[str, Meta(description="What it is, in a sentence for people.")]
    next_step: Annotated[str, Meta(description="What can be done about it, in a sentence for people.")]
    invoice_id: Annotated[str | None, Meta(description="POM's id of the invoice. Null if it is a batch.")]
    batch_id: Annotated[
        str | None, Meta(description="The id of the batch of invoices or of the import. Null if it is an invoice.")
    ]


class ErasureInStripeView(msgspec.Struct, rename="camel", kw_only=True):
    """What becomes of the person in Stripe, where POM is not the one who decides."""

    choice: Annotated[InStripe, Meta(description=_CHOICE)]
    stripe_customer_id: Annotated[
        str | None, Meta(description="The Stripe customer. Null if the customer was never linked to one.")
    ]
    deleted_at: Annotated[
        Instant | None,
        Meta(description="When POM had deleted it, or found that there is none. Null if neither. RFC 3339, UTC."),
    ]
    message: Annotated[
        str, Meta(description="What Stripe has of the person, and what the company does there, for people.")
    ]
    redaction_url: Annotated[Link, Meta(description="Stripe's page about redacting.")]


class OutOfReachView(msgspec.Struct, rename="camel", kw_only=True):
    """Copies that nobody can change. They go by themselves."""

    what: Annotated[str, Meta(description="What holds the copies, in words for people.")]
    days: Annotated[int, Meta(description="For how many days a copy is kept.")]
    gone_by: Annotated[
        Instant | None,
        Meta(
            description="By when the last copy that has the person is gone. Null until the erasure is finished. RFC "
            "3339, UTC."
        ),
    ]


class ErasureView(msgspec.Struct, rename="camel", kw_only=True):
    """The erasure of a customer. It holds nothing of the person."""

    customer_id: Annotated[str, Meta(description="POM's id of the customer.")]
    status: Annotated[ErasureStatus, Meta(description=_STATUS)]
    message: Annotated[str, Meta(description="How far it is and what comes next, in sentences for people.")]
    waits_for: Annotated[
        list[UnsettledView],
        Meta(description="What has to be settled or voided before POM can go on. Usually empty."),
    ]
    requested_by: Annotated[
        str,
        Meta(
            description="The id of the user who asked for it, which is the `sub` of the token. `operator` if POM's "
            "operations did."
        ),
    ]
    requested_at: Annotated[Instant, Meta(description="When it was asked for. RFC 3339, UTC.")]
    erased_at: Annotated[
        Instant | None,
        Meta(description="When the person was taken out of the customer's record. Null before. RFC 3339, UTC."),
    ]
    finished_at: Annotated[
        Instant | None,
        Meta(description="When POM had looked again and found nothing left. Null before. RFC 3339, UTC."),
    ]
    in_stripe: Annotated[ErasureInStripeView, Meta(description="What becomes of the person in Stripe.")]
    kept: Annotated[list[str], Meta(description="What stays, and why, in sentences for people.")]
    out_of_reach: Annotated[
        list[OutOfReachView], Meta(description="Copies that nobody can change, and by when they are gone.")
    ]


def erasure_view(customer: Customer) -> ErasureView:
    """Returns the customer's erasure as it is answered.

    Raises:
        ValueError: nobody has asked for one.
    """
    erasure = customer.erasure
    if erasure is None:
        raise ValueError(f"nobody asked to erase {customer.id}")
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

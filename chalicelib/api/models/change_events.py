"""What is told on the bus, as it goes over the wire: one model for each kind of object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.api.models.common import Instant
from chalicelib.api.models.connection import ConnectionView
from chalicelib.api.models.customers import CustomerView
from chalicelib.api.models.invoices import InvoiceView
from chalicelib.api.models.payouts import PayoutView
from chalicelib.domain.changes import ChangeType, ObjectKind

_OBJECT = "as the API shows this version of it. Null if it was deleted."


class ChangeEvent(msgspec.Struct, rename="camel", kw_only=True):
    """What changed from one stored version of an object to the next."""

    id: Annotated[str, Meta(description="The id of this change, which is the same however often it is told.")]
    type: Annotated[ChangeType, Meta(description="What happened.")]
    organization_id: Annotated[str, Meta(description="POM's id of the organization.")]
    object_kind: Annotated[ObjectKind, Meta(description="What kind of object has changed.")]
    object_id: Annotated[str, Meta(description="The id of the object, as in `GET`.")]
    version: Annotated[
        int,
        Meta(description="The version of the object after the change. A higher version is later.", ge=0),
    ]
    at: Annotated[Instant, Meta(description="When the version was stored. RFC 3339, UTC.")]
    previous_status: Annotated[
        str | None, Meta(description="The status before the change. Null if the object was not told of before.")
    ]
    status: Annotated[str | None, Meta(description="The status after the change. Null if the object was deleted.")]
    deleted: Annotated[bool, Meta(description="True if POM's record of the object was deleted.")]
    object_omitted: Annotated[
        bool,
        Meta(description="True if the object was left out because it is too large for an event. `GET` has it."),
    ]


class InvoiceChange(ChangeEvent, rename="camel", kw_only=True):
    """A change of an invoice."""

    object: Annotated[InvoiceView | None, Meta(description=f"The invoice, {_OBJECT}")]


class CustomerChange(ChangeEvent, rename="camel", kw_only=True):
    """A change of a customer."""

    object: Annotated[CustomerView | None, Meta(description=f"The customer, {_OBJECT}")]


class ConnectionChange(ChangeEvent, rename="camel", kw_only=True):
    """A change of the connection with Stripe."""

    object: Annotated[ConnectionView | None, Meta(description=f"The connection, {_OBJECT}")]


class PayoutChange(ChangeEvent, rename="camel", kw_only=True):
    """A change of a payout."""

    object: Annotated[PayoutView | None, Meta(description=f"The payout, {_OBJECT}")]


CHANGE_EVENTS: Mapping[ObjectKind, type[ChangeEvent]] = {
    ObjectKind.INVOICE: InvoiceChange,
    ObjectKind.CUSTOMER: CustomerChange,
    ObjectKind.CONNECTION: ConnectionChange,
    ObjectKind.PAYOUT: PayoutChange,
}
"""The model of each kind of object."""

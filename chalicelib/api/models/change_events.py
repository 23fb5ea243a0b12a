"""The models of the events that are published on the bus: one for each kind of object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from chalicelib.api.models.changes import ChangeView
from chalicelib.api.models.connection import ConnectionView
from chalicelib.api.models.customers import CustomerView
from chalicelib.api.models.invoices import InvoiceView
from chalicelib.api.models.payouts import PayoutView
from chalicelib.domain.changes import ObjectKind

_LISTED = "as the API's lists return this version"
_NULL = "Null if `deleted` or `objectOmitted` is true."


class ChangeEvent(ChangeView, rename="camel", kw_only=True):
    """A change from one stored version of an object to the next."""

    organization_id: Annotated[str, Meta(description="POM's id of the organization.")]
    object_omitted: Annotated[
        bool,
        Meta(
            description="True if `object` is left out because the event would be too large, or because an operator "
            "published the event again after the object had changed once more. Read the object with `GET`."
        ),
    ]


class InvoiceChange(ChangeEvent, rename="camel", kw_only=True):
    """A change of an invoice."""

    object: Annotated[
        InvoiceView | None, Meta(description=f"The invoice, {_LISTED}: without its payments and its history. {_NULL}")
    ]


class CustomerChange(ChangeEvent, rename="camel", kw_only=True):
    """A change of a customer."""

    object: Annotated[CustomerView | None, Meta(description=f"The customer, {_LISTED}: without its history. {_NULL}")]


class ConnectionChange(ChangeEvent, rename="camel", kw_only=True):
    """A change of the connection with Stripe."""

    object: Annotated[
        ConnectionView | None, Meta(description=f"The connection, as `GET` returns this version. {_NULL}")
    ]


class PayoutChange(ChangeEvent, rename="camel", kw_only=True):
    """A change of a payout."""

    object: Annotated[PayoutView | None, Meta(description=f"The payout, {_LISTED}: without its lines. {_NULL}")]


CHANGE_EVENTS: Mapping[ObjectKind, type[ChangeEvent]] = {
    ObjectKind.INVOICE: InvoiceChange,
    ObjectKind.CUSTOMER: CustomerChange,
    ObjectKind.CONNECTION: ConnectionChange,
    ObjectKind.PAYOUT: PayoutChange,
}
"""The model of the events about each kind of object."""

"""What stores answer with and refuse with, as far as use cases and adapters must agree on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from chalicelib.domain.attention import AttentionKind
from chalicelib.domain.identifiers import CustomerId, InvoiceId, ServiceId
from chalicelib.domain.status import InvoiceStatus, StatusGroup

T = TypeVar("T")

MAX_CLAIMS_AT_ONCE = 90
"""Services claimed in one transaction, which holds 100 items at most."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `end_cursor` is opaque and leads to the next one."""

    items: tuple[T, ...]
    end_cursor: str | None
    has_next: bool


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices to list. Times are epoch seconds UTC; what ends with `_before` is exclusive."""

    status: InvoiceStatus | None = None
    group: StatusGroup | None = None
    """Only invoices of these statuses. Those of the group `open` come by their due date, the earliest due first."""
    customer_id: CustomerId | None = None
    created_from: int | None = None
    created_before: int | None = None
    due_from: int | None = None
    """Only invoices that money is expected for and that are due since this moment; the earliest due come first."""
    due_before: int | None = None
    """Only invoices that money is expected for and that are due before this moment; the earliest due come first."""
    overdue: bool = False
    """Only invoices that are stored as overdue, the earliest due first."""
    disputed: bool = False
    """Only invoices with a payment that is disputed now."""
    updated_from: int | None = None
    """Only invoices changed since the beginning of this moment's quarter of an hour.

    The latest quarter comes first. Within a quarter there is no particular order.
    """
    updated_before: int | None = None
    """Only invoices changed before the end of the quarter of an hour in which this moment, exclusive, lies."""
    number: str | None = None
    """Only the invoice that Stripe gave this number."""
    attention: AttentionKind | None = None
    """Only invoices that need a person, and most urgently for this; the latest of these things comes first."""

    @property
    def by_due_date(self) -> bool:
        """Returns True if only invoices that money is expected for are listed, by their due date."""
        return self.group is StatusGroup.OPEN or self.due_from is not None or self.due_before is not None


class ServiceClaimed(Exception):
    """Some services are claimed by other invoices: service to the invoice that holds it."""

    def __init__(self, holders: Mapping[ServiceId, InvoiceId]) -> None:
        super().__init__(f"{len(holders)} services are claimed")
        self.holders = holders


class InvoiceExists(Exception):
    """An invoice of this id exists: the request was made before."""


class StripeCustomerClaimed(Exception):
    """A Stripe customer belongs to another customer of the organization."""

    def __init__(self, stripe_customer_id: str) -> None:
        super().__init__(f"{stripe_customer_id} is claimed")
        self.stripe_customer_id = stripe_customer_id

"""The results and errors of stores that use cases and adapters share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from chalicelib.domain.attention import AttentionKind
from chalicelib.domain.identifiers import CustomerId, InvoiceId, ServiceId
from chalicelib.domain.status import InvoiceStatus, StatusGroup

T = TypeVar("T")

MAX_CLAIMS_AT_ONCE = 90
"""The most services that one transaction claims, because it holds 100 items at most."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `end_cursor` is opaque and leads to the next page."""

    items: tuple[T, ...]
    end_cursor: str | None
    has_next: bool


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """The invoices to list. Times are epoch seconds UTC. Limits whose names end with `_before` are exclusive."""

    status: InvoiceStatus | None = None
    group: StatusGroup | None = None
    """Only invoices with these statuses. The group `open` is sorted by due date, the earliest first."""
    customer_id: CustomerId | None = None
    created_from: int | None = None
    created_before: int | None = None
    due_from: int | None = None
    """Only open invoices that are due at this time or later, the earliest due date first."""
    due_before: int | None = None
    """Only open invoices that are due before this time, the earliest due date first."""
    overdue: bool = False
    """Only invoices that are stored as overdue, the earliest due first."""
    disputed: bool = False
    """Only invoices with a payment that is disputed now."""
    updated_from: int | None = None
    """Only invoices changed since the beginning of the quarter of an hour that contains this time.

    The latest quarter comes first. Within a quarter there is no particular order.
    """
    updated_before: int | None = None
    """Only invoices changed before the end of the quarter of an hour that contains the second before this time."""
    number: str | None = None
    """Only the invoice that Stripe gave this number."""
    attention: AttentionKind | None = None
    """Only invoices whose most urgent problem is of this kind, the latest problem first."""

    @property
    def by_due_date(self) -> bool:
        """Returns True if only open invoices are listed, by their due date."""
        return self.group is StatusGroup.OPEN or self.due_from is not None or self.due_before is not None


class ServiceClaimed(Exception):
    """Other invoices have claimed some of the services. `holders` maps each service to the invoice that holds it."""

    def __init__(self, holders: Mapping[ServiceId, InvoiceId]) -> None:
        super().__init__(f"{len(holders)} services are claimed")
        self.holders = holders


class InvoiceExists(Exception):
    """An invoice with this id exists, because the request was made before."""


class StripeCustomerClaimed(Exception):
    """A Stripe customer belongs to another customer of the organization."""

    def __init__(self, stripe_customer_id: str) -> None:
        super().__init__(f"{stripe_customer_id} is claimed")
        self.stripe_customer_id = stripe_customer_id

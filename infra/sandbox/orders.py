"""Customers and invoices as POM has them before the gateway creates them in Stripe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count

from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Address, Profile
from chalicelib.domain.identifiers import (
    CustomerId,
    OrganizationId,
    ServiceId,
    StripeAccountId,
    UserId,
    invoice_id_for,
)
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import LineItem, Order
from chalicelib.domain.saga import Saga, Step

ADDRESS = Address("12 Palm Way", "Unit 3", "Austin", "TX", "78701", "US")
FINGERPRINT = "sandbox"


@dataclass
class Orders:
    """Creates customers and invoices with ids that are unique in a run."""

    organization: str
    account: StripeAccountId
    now: Callable[[], int]
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def number(self) -> str:
        """Returns a number that this run has not used."""
        return str(next(self._numbers))

    def customer(self, email: str | None = None) -> Customer:
        """Returns a customer as POM saves it. Without `email`, the address is unique."""
        number = self.number()
        address = email or f"{self.organization}-{number}@example.com"
        profile = Profile("Ann", f"Sandbox {number}", None, address, "+1 512 555 0123", ADDRESS)
        now = self.now()
        return Customer(OrganizationId(self.organization), CustomerId(f"cust_{number}"), profile, 1, now, now)

    def invoice(self, *amounts: int, **order: object) -> Invoice:
        """Returns an invoice with one line for each amount (minor units). The saga's next step is the draft."""
        number, now = self.number(), self.now()
        lines = tuple(
            LineItem(ServiceId(f"svc_{number}_{n}"), f"Pool cleaning {n}", Decimal(1), amount, amount)
            for n, amount in enumerate(amounts, 1)
        )
        ordered = Order(CustomerId("cust_1"), "usd", lines, "net_30", 30, None, "UTC", FINGERPRINT)
        ordered = replace(ordered, **order)  # type: ignore[arg-type]
        saga = Saga(Step.DRAFT, send=True, nonce=f"nonce{number}", step_began_at=now, resume_at=now + 120)
        organization = OrganizationId(self.organization)
        invoice = invoice_id_for(organization, number)
        return Invoice(organization, invoice, self.account, False, ordered, saga, now, UserId("sandbox"), now)

"""A customer and a completed service in POM's own records."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer of a pool company. `email` may be empty. `currency` is the currency of the customer's services."""

    id: str
    first_name: str = ""
    last_name: str = ""
    company_name: str = ""
    email: str = ""
    phone: str = "+1 555 0100"
    street: str
    city: str = "Tampa"
    state: str = "FL"
    zip_code: str = "33602"
    country: str = "US"
    currency: str = "usd"

    @property
    def name(self) -> str:
        """Returns the name that the office displays."""
        return self.company_name or f"{self.first_name} {self.last_name}"

    @property
    def body(self) -> dict[str, object]:
        """Returns the customer in the form in which POM's front end saves it."""
        names = {"firstName": self.first_name, "lastName": self.last_name, "companyName": self.company_name}
        return {
            **{field: name for field, name in names.items() if name},
            "email": self.email or None,
            "phone": self.phone,
            "address": {
                "street": self.street,
                "city": self.city,
                "state": self.state,
                "zipCode": self.zip_code,
                "country": self.country,
            },
        }


@dataclass(frozen=True, slots=True)
class Service:
    """A service that can be billed."""

    id: str
    description: str
    quantity: str
    unit_price: str

    @property
    def line(self) -> dict[str, object]:
        """Returns the service as a line of a new invoice."""
        return {
            "serviceId": self.id,
            "description": self.description,
            "quantity": self.quantity,
            "unitPrice": self.unit_price,
        }


@dataclass(frozen=True, slots=True)
class CompletedService:
    """A service that was completed for a customer `days_ago` days ago."""

    customer: Customer
    service: Service
    days_ago: int
    technician: str
    taxable: bool = False

    def office_record(self, today: dt.date, invoice_id: str | None) -> dict[str, Any]:
        """Returns the service in the form that the office reads. `invoice_id` is the invoice that bills the
        service.
        """
        amount = Decimal(self.service.quantity) * Decimal(self.service.unit_price)
        return {
            "id": self.service.id,
            "customerId": self.customer.id,
            "customerName": self.customer.name,
            "description": self.service.description,
            "serviceDate": (today - dt.timedelta(days=self.days_ago)).isoformat(),
            "technician": self.technician,
            "quantity": self.service.quantity,
            "unitPrice": self.service.unit_price,
            "amount": str(amount.quantize(CENT, ROUND_HALF_UP)),
            "currency": self.customer.currency,
            "taxable": self.taxable,
            "invoiceId": invoice_id,
        }


@dataclass(frozen=True, slots=True)
class Company:
    """A pool company."""

    name: str
    customers: tuple[Customer, ...]
    completed_services: tuple[CompletedService, ...]

"""A sample pool company: its customers and the services it has completed for them."""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "Blue Lagoon Pools"


@dataclass(frozen=True, slots=True)
class PoolOwner:
    """A customer of the pool company."""

    id: str
    first_name: str
    last_name: str
    street: str

    @property
    def email(self) -> str:
        return f"{self.first_name}.{self.last_name}@example.com".lower()

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def body(self) -> dict[str, object]:
        """As POM's front end saves it."""
        return {
            "firstName": self.first_name,
            "lastName": self.last_name,
            "email": self.email,
            "phone": "+1 555 0100",
            "address": {"street": self.street, "city": "Tampa", "state": "FL", "zipCode": "33602", "country": "US"},
        }


_NAMES = (
    "Ann Lee, Ben Ortiz, Carla Ruiz, Dan Novak, Eva Stone, Finn Berg, Gina Rossi, Hal Moore, Iris Chen, Jack Diaz, "
    "Kara Wood, Liam Frost, Mia Lang, Nick Hart, Olga Petrov, Paul King, Quinn Reyes, Rosa Cruz, Sam Walsh, Tina Vega"
)

CUSTOMERS = tuple(
    PoolOwner(f"cust_{number}", name.split()[0], name.split()[1], street=f"{number} Palm Drive")
    for number, name in enumerate(_NAMES.split(", "), start=101)
)


@dataclass(frozen=True, slots=True)
class Service:
    """A completed service that can be billed."""

    id: str
    description: str
    quantity: str
    unit_price: str

    @property
    def line(self) -> dict[str, object]:
        """As a line of a new invoice."""
        return {
            "serviceId": self.id,
            "description": self.description,
            "quantity": self.quantity,
            "unitPrice": self.unit_price,
        }


def services_of(customer: PoolOwner) -> tuple[Service, ...]:
    """The month's work at one pool; every customer's comes to another amount."""
    number = int(_number(customer))
    return (
        Service(f"svc_{number}_clean", "Weekly pool cleaning", "4", "45.00"),
        Service(f"svc_{number}_chem", "Chemicals", "1.5", f"{number - 80}.50"),
        Service(f"svc_{number}_filter", "Filter change", "1", "89.99"),
    )


def cover_of(customer: PoolOwner) -> Service:
    """Returns the service that closes a pool for the winter."""
    return Service(f"svc_{_number(customer)}_cover", "Winter cover", "1", "120.00")


def seal_of(customer: PoolOwner) -> Service:
    """Returns a service that somebody forgot to bill."""
    return Service(f"svc_{_number(customer)}_seal", "Pump seal", "1", "35.00")


def inspection_of(customer: PoolOwner, price: str) -> Service:
    """Returns a service at this price, in dollars."""
    return Service(f"svc_{_number(customer)}_inspection", "Leak inspection", "1", price)


def repair_of(customer: PoolOwner) -> dict[str, object]:
    """Returns the body of an invoice over a repair, which can be paid from a bank account too."""
    service = Service(f"svc_{_number(customer)}_pump", "Pump repair", "1", "480.00")
    ways = ["card", "us_bank_account"]
    return {"customerId": customer.id, "invoiceType": "stripe", "lineItems": [service.line], "paymentMethods": ways}


def order(customer: PoolOwner, *, send: bool = True) -> dict[str, object]:
    """The body of an invoice over the month's work at a customer's pool."""
    lines = [service.line for service in services_of(customer)]
    return {"customerId": customer.id, "invoiceType": "stripe", "lineItems": lines, "send": send}


def _number(customer: PoolOwner) -> str:
    """Returns what the ids of a customer's services have in the middle."""
    return customer.id.removeprefix("cust_")

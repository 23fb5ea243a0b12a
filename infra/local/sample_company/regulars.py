"""Twenty customers of Blue Lagoon Pools, each with the same kind of work for a month. The demo bills them."""

from __future__ import annotations

from infra.local.sample_company.records import CompletedService, Customer, Service

_NAMES = (
    "Ann Lee, Ben Ortiz, Carla Ruiz, Dan Novak, Eva Stone, Finn Berg, Gina Rossi, Hal Moore, Iris Chen, Jack Diaz, "
    "Kara Wood, Liam Frost, Mia Lang, Nick Hart, Olga Petrov, Paul King, Quinn Reyes, Rosa Cruz, Sam Walsh, Tina Vega"
)
_TECHNICIANS = ("Luis Ortega", "Kim Nguyen", "Andre Baptiste")


def _regular(number: int, name: str) -> Customer:
    first, last = name.split()
    return Customer(
        id=f"cust_{number}",
        first_name=first,
        last_name=last,
        email=f"{first}.{last}@example.com".lower(),
        street=f"{number} Palm Drive",
    )


CUSTOMERS = tuple(_regular(number, name) for number, name in enumerate(_NAMES.split(", "), start=101))


def services_of(customer: Customer) -> tuple[Service, ...]:
    """Returns the month's work at one pool. Every customer's total is different."""
    number = int(_number(customer))
    return (
        Service(f"svc_{number}_clean", "Weekly pool cleaning", "4", "45.00"),
        Service(f"svc_{number}_chem", "Chemicals", "1.5", f"{number - 80}.50"),
        Service(f"svc_{number}_filter", "Filter change", "1", "89.99"),
    )


def cover_of(customer: Customer) -> Service:
    """Returns the service that closes a pool for the winter."""
    return Service(f"svc_{_number(customer)}_cover", "Winter cover", "1", "120.00")


def seal_of(customer: Customer) -> Service:
    """Returns a service that the office forgot to bill."""
    return Service(f"svc_{_number(customer)}_seal", "Pump seal", "1", "35.00")


def inspection_of(customer: Customer, price: str = "60.00") -> Service:
    """Returns a service at this price, in dollars."""
    return Service(f"svc_{_number(customer)}_inspection", "Leak inspection", "1", price)


def pump_of(customer: Customer) -> Service:
    """Returns a repair that costs enough to be paid from a bank account."""
    return Service(f"svc_{_number(customer)}_pump", "Pump repair", "1", "480.00")


def completed_services() -> tuple[CompletedService, ...]:
    """Returns the month's work at every pool, and the further services that the demo bills."""
    eva, finn, gina, hal = CUSTOMERS[4:8]
    further = (
        (eva, pump_of(eva)),
        *((each, cover_of(each)) for each in (finn, gina, hal)),
        (finn, seal_of(finn)),
        (finn, inspection_of(finn)),
    )
    month = ((customer, service) for customer in CUSTOMERS for service in services_of(customer))
    return tuple(
        CompletedService(customer, service, days_ago=1 + (position * 4) % 28, technician=_TECHNICIANS[position % 3])
        for position, (customer, service) in enumerate((*month, *further))
    )


def _number(customer: Customer) -> str:
    """Returns the number in the ids of a customer's services."""
    return customer.id.removeprefix("cust_")

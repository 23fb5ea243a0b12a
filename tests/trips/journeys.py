"""Four pieces of work, each traced when its Lambdas are warm: each has done the same work once before."""

from __future__ import annotations

from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports.messages import Reconciliation
from tests.trips.deployed import Deployed, deployed
from tests.trips.tracer import Trip
from tests.world import ORGANIZATION

CUSTOMER = "/v1/customers/{customerId}"


def journeys() -> dict[str, Trip]:
    """Every trip, by what it was for."""
    with deployed() as world:
        account = world.connect()
        world.customer()
        world.work()
        world.deliver()
        for number in (1, 2):
            trips = _once(world, account, number)
        return trips


def _once(world: Deployed, account: str, number: int) -> dict[str, Trip]:
    service = {"serviceId": f"svc_{number}", "description": "Cleaning", "quantity": 1, "unitPrice": "75.00"}
    invoice = world.ask("POST", "/v1/invoices", {"customerId": "cust_1", "lineItems": [service]})
    world.deliver()
    _paid_event(world, account)
    webhook = world.paid

    customer = world.ask("PUT", CUSTOMER, {"firstName": f"Ann {number}", "email": "a@b.test"}, customerId="cust_1")
    synced = world.handle("customer_sync")
    world.deliver()

    lost_invoice = world.invoice(f"missed_{number}")
    world.deliver()
    world.deaf = True
    _paid_event(world, account)
    world.deaf = False
    assert world.now(lost_invoice).status is InvoiceStatus.PENDING, "no event has arrived yet"
    world.advance(60)
    world.ports.queues.send(Reconciliation(ORGANIZATION))
    healed = world.handle("reconcile_account")
    assert world.now(lost_invoice).status is InvoiceStatus.PAID
    return {
        "a webhook: invoice.paid": webhook,
        "POST /invoices": invoice,
        "a customer's edit: PUT /customers/{customerId}": customer,
        "a customer's edit: customer_sync": synced,
        "lost events are recovered: reconcile_account": healed,
    }


def _paid_event(world: Deployed, account: str) -> None:
    """The customer pays what is open."""
    unpaid = next(each for each in world.in_stripe(account) if each["status"] == "open")
    world.double.pay(account, unpaid["id"], "pm_card_visa")
    world.deliver()

"""Provides a company with a customer whose every value is recognizable, and a search for these values in all data of
POM.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chalicelib.domain.billing import RequestedDeduction
from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import Address, Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.erasure import Erasure, ErasureStatus, InStripe
from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.order import DeductionKind
from chalicelib.usecases.customers.customers import put_customer
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, SECOND_LOOK_AFTER
from chalicelib.usecases.erasing.request_erasure import request_erasure
from chalicelib.usecases.invoicing.settle_outside import Settlement, mark_paid
from tests.world import ADMIN, OFFICE, ORGANIZATION, World, line

DAY = 86400
ANN = CustomerId("cust_1")
BOB = CustomerId("cust_2")

PROFILE = Profile(
    first_name="Annabel",
    last_name="Recognizable",
    company_name="Recognizable Estates",
    email="Annabel.Recognizable@example.test",
    phone="+1 555 0199",
    address=Address("77 Recognizable Street", "Rear gate", "Tucson", "AZ", "85701", "US"),
)
WORDS = (
    "annabel", "recognizable", "555 0199", "rear gate", "tucson", "85701", "dog bites", "pump room key", "no. 1042",
    "neighbour", "4242",
)  # fmt: skip
"""Words that identify the customer: from the profile, and from texts that the office wrote about the person."""


class Company:
    """A connected company with the customer Annabel, whom tests erase, and the customer Bob, whom tests never
    erase.
    """

    def __init__(self) -> None:
        self.world = World()
        self.account = StripeAccountId(self.world.connect())
        put_customer(ORGANIZATION, ANN, Save(PROFILE), self.world.ports)
        self.world.customer("cust_2", "bob@example.test", first_name="Bob", last_name="Bond")
        self.settle()
        self.services = 0

    def settle(self) -> None:
        """Runs all queued work and delivers all events."""
        self.world.work()
        self.world.deliver()
        self.world.work()

    # Events

    def bill(self, customer_id: CustomerId = ANN, price: str = "100.00", **changes: Any) -> Invoice:
        """Returns a sent invoice. Its texts are about the person."""
        self.services += 1
        fields = {
            "line_items": (line(f"svc_{self.services}", price),),
            "deductions": (
                RequestedDeduction(DeductionKind.CREDIT, "Pump room key lost by Annabel", Decimal("1.00")),
            ),
            "memo": "The dog bites; ask the neighbour",
            "footer": "For Annabel Recognizable",
            "customer_id": customer_id,
            **changes,
        }
        invoice = self.world.invoice(**fields)
        self.settle()
        return self.world.now(invoice)

    def bill_and_pay(self, customer_id: CustomerId = ANN, method: str = "pm_card_visa", **changes: Any) -> Invoice:
        invoice = self.bill(customer_id, **changes)
        self.world.double.pay(self.account, str(invoice.stripe_invoice_id), method)
        self.settle()
        return self.world.now(invoice)

    def bill_and_pay_by_check(self) -> Invoice:
        invoice = self.bill()
        settlement = Settlement("check", "No. 1042 from Annabel")
        mark_paid(ORGANIZATION, invoice.id, OFFICE, settlement, self.world.ports)
        self.settle()
        return self.world.now(invoice)

    def act_in_stripe(self, resource: str, act: str, *arguments: Any) -> Any:
        """Performs an act on a resource in Stripe and returns its result."""
        result = getattr(getattr(self.world.client.v1, resource), act)(*arguments, {"stripe_account": self.account})
        self.settle()
        return result

    # The erasure

    def request(self, in_stripe: InStripe = InStripe.KEEP, customer_id: CustomerId = ANN) -> Customer:
        return request_erasure(ORGANIZATION, customer_id, in_stripe, ADMIN, self.world.ports)

    def wait(self, seconds: int = BEGINS_AFTER) -> None:
        """Advances the time, delivers events and runs the schedule."""
        self.world.advance(seconds)
        self.world.deliver()
        self.world.resume()

    def erase(self, in_stripe: InStripe = InStripe.KEEP) -> None:
        """Has Annabel erased up to the first pass. The second pass follows a day later."""
        self.request(in_stripe)
        self.wait()

    def finish(self) -> None:
        """Runs the second pass, a day later."""
        self.wait(SECOND_LOOK_AFTER)

    # Stored data

    @property
    def ann(self) -> Customer:
        return self.world.ports.database.customers[ORGANIZATION, ANN]

    @property
    def erasure(self) -> Erasure:
        assert self.ann.erasure is not None
        return self.ann.erasure

    @property
    def status(self) -> ErasureStatus:
        return self.erasure.status

    def personal_words(self) -> list[str]:
        """Returns the words about the person that stand anywhere in what POM stores."""
        everything = repr(self.world.ports.database).lower()
        return [word for word in WORDS if word in everything]

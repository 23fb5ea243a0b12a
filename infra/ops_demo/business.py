"""The normal business during the night: a connected company, its customers, and invoices that are paid."""

from __future__ import annotations

from typing import Any

from infra.demo.http import request
from infra.demo.people import Office, Owner, Payer, Surroundings, query_of
from infra.demo.sample import CUSTOMERS, PoolOwner, services_of
from infra.local.double_config import STRIPE_ACCOUNT
from infra.local.sample_people import BLUE_LAGOON
from infra.local.stack import LocalStack

GOOD_CARD = "4242 4242 4242 4242"


class Business:
    """The company Blue Lagoon Pools and its payers."""

    organization = BLUE_LAGOON

    def __init__(self, stack: LocalStack) -> None:
        self.admin = Office(stack.urls.api, stack.tokens["admin"])
        self.office = Office(stack.urls.api, stack.tokens["billing"])
        self.owner = Owner(stack.urls.stripe, STRIPE_ACCOUNT["account_id"])
        self.world = Surroundings(stack.urls.stripe)
        self._customers = iter(CUSTOMERS)
        self._platform = {"Authorization": f"Bearer {stack.secret.api_key}"}
        self._stripe = stack.urls.stripe

    def connects(self) -> str:
        """Installs Stripe in POM. Returns the connection's status."""
        started = self.admin.call("POST", "/stripe/connection").json
        to_callback = self.owner.decides(started["authorizeUrl"], "grant").headers["Location"]
        state = query_of(request("GET", to_callback).headers["Location"])["state"]
        return str(self.admin.call("POST", "/stripe/connection/complete", {"state": state}).json["status"])

    def gains(self, count: int) -> list[PoolOwner]:
        """Saves new customers and returns them."""
        new_customers = [next(self._customers) for _ in range(count)]
        for customer in new_customers:
            self.office.call("PUT", f"/customers/{customer.id}", customer.body)
        return new_customers

    def synced(self, customers: list[PoolOwner]) -> int:
        """Waits until all these customers are in Stripe, or until the wait ends. Returns how many of them are."""
        ids = {customer.id for customer in customers}

        def count(page: Any) -> int:
            return sum(each["syncStatus"] == "synced" for each in page["data"] if each["id"] in ids)

        return self.office.sees("/customers?first=100", count, len(ids))

    def bills(self, customers: list[PoolOwner]) -> list[str]:
        """Sends each customer an invoice. Returns the invoices' ids."""
        invoice_ids = []
        for customer in customers:
            lines = [service.line for service in services_of(customer)]
            body = {"customerId": customer.id, "invoiceType": "stripe", "lineItems": lines}
            invoice_ids.append(str(self.office.create_invoice(body, f"{customer.id}-november").json["id"]))
        return invoice_ids

    def is_paid(self, invoice_id: str) -> None:
        """Has the customer open the link and pay. Returns when Stripe has tried every webhook."""
        Payer(self.office.get(f"/invoices/{invoice_id}")["paymentUrl"]).pays_by_card(GOOD_CARD)
        self.world.wait_until_delivered()

    def is_refunded(self, invoice_id: str) -> None:
        """Refunds an invoice in the company's Stripe account."""
        self.owner.refunds(int(self.office.get(f"/invoices/{invoice_id}")["total"].replace(".", "")))
        self.world.wait_until_delivered()

    def status(self, invoice_id: str) -> str:
        """Returns the status of an invoice in POM at this time."""
        return str(self.office.get(f"/invoices/{invoice_id}")["status"])

    def statuses(self, invoice_ids: list[str]) -> str:
        """Returns the statuses of several invoices in POM."""
        return ", ".join(self.status(each) for each in invoice_ids)

    def rolls_the_webhook_secret(self) -> str:
        """Rolls the secret of the only webhook endpoint in Stripe. Returns the new secret."""
        endpoints = request("GET", f"{self._stripe}/v1/webhook_endpoints", headers=self._platform).json["data"]
        return self.world.roll_webhook_secret(endpoints[0]["id"])

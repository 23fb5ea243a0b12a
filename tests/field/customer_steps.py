"""Steps about customers, in the office and in Stripe."""

from __future__ import annotations

from string import Template
from typing import Any

from chalicelib.domain.identifiers import CustomerId, StripeAccountId
from tests.api.client import ApiClient
from tests.world import ORGANIZATION, World


class CustomerSteps:
    """A part of `Play`. A customer in Stripe has a name of the case's own; `$ann` in a body stands for its id."""

    world: World
    api: ApiClient
    account: str

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.reply: dict[str, Any] = {}
        self.form: dict[str, Any] = {}

    # The office

    def put_customer(self, customer: str = "cust_1", **body: Any) -> None:
        """Save a customer with PUT."""
        self._replied(self.api.put(f"/customers/{customer}", self._with_ids(body)))

    def save_unchanged(self, customer: str = "cust_1") -> None:
        """Load a customer, and save it again unchanged."""
        self._replied(self.api.put(f"/customers/{customer}", self.api.get(f"/customers/{customer}").json))

    def load_form(self, customer: str = "cust_1") -> None:
        """Open a customer in the front end."""
        self.form = self.api.get(f"/customers/{customer}").json

    def save_form(self, **changes: Any) -> None:
        """Change fields in the form that was opened, and save all of it."""
        self._replied(self.api.put(f"/customers/{self.form['id']}", {**self.form, **self._with_ids(changes)}))

    def confirm_link(self, customer: str) -> None:
        """Say that the customer's present link is right."""
        shown = self.api.get(f"/customers/{customer}").json
        chosen = {name: shown[name] for name in ("firstName", "lastName", "email", "stripeCustomerId")}
        self._replied(self.api.put(f"/customers/{customer}", chosen))

    def sync_customer(self, customer: str = "cust_1") -> None:
        self._replied(self.api.post(f"/customers/{customer}/sync"))

    def import_customers(self, *, rows: list[dict[str, Any]]) -> None:
        """Import customers; the reply is the finished report."""
        begun = self.api.post("/customer-imports", {"customers": [self._with_ids(row) for row in rows]}).json
        self.world.work()
        self._replied(self.api.get(f"/customer-imports/{begun['id']}"))
        self.reply["rows"] = {str(row["row"]): row for row in self.reply["rows"]}

    def import_confirmed_link(self, customer: str) -> None:
        """Import a row that confirms the customer's present link."""
        shown = self.api.get(f"/customers/{customer}").json
        self.import_customers(
            rows=[{name: shown[name] for name in ("id", "firstName", "lastName", "email", "stripeCustomerId")}]
        )

    def remind(self) -> None:
        """Press Remind on the invoice."""
        self._replied(self.api.post(f"/invoices/{self.invoice.id}/remind"))  # type: ignore[attr-defined]

    def press_send(self) -> None:
        """Press Send on the draft."""
        self._replied(self.api.post(f"/invoices/{self.invoice.id}/send"))  # type: ignore[attr-defined]

    def bill_customer(self, customer: str) -> None:
        """Bill one service to a customer; the request may fail."""
        line = {"serviceId": f"svc_{customer}", "description": "Cleaning", "quantity": "1", "unitPrice": "75.00"}
        self._replied(self.api.post("/invoices", {"customerId": customer, "lineItems": [line]}))

    # People at Stripe

    def create_customer_in_stripe(self, named: str, **params: Any) -> None:
        """Somebody creates a customer in Stripe. The case calls this customer `named`."""
        made = self._customers.create(params, {"stripe_account": self.account})
        self.names[named] = str(made.id)

    def edit_customer_in_stripe(self, who: str, **changes: Any) -> None:
        """Somebody edits a customer in Stripe: `who` is the case's name of it, or the id of POM's customer."""
        self._customers.update(self._id_of(who), changes, {"stripe_account": self.account})

    def delete_customer_in_stripe(self, who: str) -> None:
        self._customers.delete(self._id_of(who), None, {"stripe_account": self.account})

    # What both have

    def _shown_of_customers(self) -> dict[str, Any]:
        listed = self.api.get("/customers?first=100").json["data"]
        ours = {each["id"]: self.api.get(f"/customers/{each['id']}").json for each in listed}
        names = {stripe_id: name for name, stripe_id in self.names.items()}
        for customer_id, each in ours.items():
            stored = self.world.ports.customers.get(ORGANIZATION, CustomerId(customer_id))
            linked_to = stored and stored.linked_to(StripeAccountId(self.account))
            each["linkedTo"] = names.get(str(linked_to), linked_to)
            each["showsStripe"] = names.get(each["stripeCustomerId"], each["stripeCustomerId"])
            each["told"] = {entry["kind"]: sorted(entry["fields"]) for entry in each.get("history", ())}
        living = [each for each in self.world.in_stripe(self.account, "customer") if not each.get("deleted")]
        theirs = {
            names.get(each["id"]) or each["metadata"].get("pom_customer_id", each["id"]): each for each in living
        }
        return {"customers": ours, "in_stripe": theirs, "customers_in_stripe": len(living), "reply": self.reply}

    def _replied(self, answer: Any) -> None:
        self.reply = {"http": answer.status, **answer.json}

    def _with_ids(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            name: Template(value).substitute(self.names) if name == "stripeCustomerId" and value else value
            for name, value in body.items()
        }

    def _id_of(self, who: str) -> str:
        if who in self.names:
            return self.names[who]
        [found] = [
            each["id"]
            for each in self.world.in_stripe(self.account, "customer")
            if (each.get("metadata") or {}).get("pom_customer_id") == who
        ]
        return str(found)

    @property
    def _customers(self) -> Any:
        return self.world.client.v1.customers

"""The person's life with a pool company: the story of a release, with the person in it, and what it leaves out.

Two others live beside it: Bo, who is a customer of the same company, and Cleo, a customer of another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from chalicelib.adapters.tables.models import InvoiceItem
from chalicelib.adapters.unpublished_changes import message_of, unpublished_change
from chalicelib.api.http.route_table import ROUTES, Role
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports.changes import Refusal
from chalicelib.usecases.reconciling.backfill import backfill, invoices_to_backfill
from infra.local.streams import ShardReader
from tests.bench.stories_stage import Stage
from tests.privacy.client import PersonsOffice, TypedTexts, as_the_persons
from tests.privacy.in_stripe import EDITED, STREET
from tests.privacy.person import address, word
from tests.privacy.places import Place
from tests.releases.story import Story
from tests.world import ADMIN, ORGANIZATION

OTHER = OrganizationId("org_green")
BO, CLEO = "cust_bo", "cust_1"
"""Cleo's id is the person's, in another organization."""
DAY = 86400
STREAMED = ("invoices", "customers", "connections", "payouts")


class Life(Story):
    """One life on a stage. `typed` is what the office wrote, and `sent` each message that anything sent."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.typed = TypedTexts()
        self.plain = stage.office
        self.other_account = ""
        self.import_id = ""
        self.sent: list[dict[str, str]] = []
        self.api = PersonsOffice(stage.office.app, stage.office.issuer, typed=self.typed)
        self._streams = {name: ShardReader(stage_table(name)) for name in STREAMED}
        stage.customer = self._customer_of_a_step  # type: ignore[method-assign]
        send = stage.queue.send_message
        stage.queue.send_message = lambda **message: (self.sent.append(message), send(**message))[1]  # type: ignore[method-assign]

    # Scenes

    def erasures(self) -> None:
        """Plays no erasure, because this life erases the person later as a whole."""

    def tell(self) -> None:
        """Plays the story of a release. Adds the scenes that the story leaves out before its end, because its end
        leaves work unfinished.
        """
        half_done, self.half_done = self.half_done, self.odd_things  # type: ignore[method-assign]
        super().tell()
        half_done()

    def others(self) -> None:
        """Creates Bo and Cleo: each has a paid invoice, an import row, and a parked event."""
        self.other_account = self.stage.connect(OTHER)
        for organization, customer in ((ORGANIZATION, BO), (OTHER, CLEO)):
            office = self.plain.acting("billing", organization=organization)
            profile = {"firstName": "Bystander", "email": "bystander@example.test", "phone": "5125550123"}
            assert office.put(f"/customers/{customer}", profile).status == 200
            line = {"serviceId": "svc_by", "description": "Bystanding", "quantity": 1, "unitPrice": "75.00"}
            order = {"customerId": customer, "lineItems": [line], "memo": "Bystander's memo"}
            new_invoice = office.post("/invoices", order)
            assert new_invoice.status == 201, new_invoice.text
            account = self.account if organization == ORGANIZATION else self.other_account
            self.settled()
            stripe_id = office.get(f"/invoices/{new_invoice.json['id']}").json["dashboardUrl"].rpartition("/")[2]
            self.stage.double.pay(account, stripe_id, "pm_card_visa")
            self.settled()
            service = {**line, "serviceId": "svc_by_batch", "customerId": customer}
            assert office.post("/invoice-batches", {"services": [service], "memo": "Bystander's"}).status == 202
            self.settled()
            self.stage.advance(10)
            self.settled()

    def odd_things(self) -> None:
        """Puts the person into refused requests, searches, parked events and unpublished changes."""
        wrong = word("wrong")
        for name, value in (("email", wrong), ("firstName", wrong * 60), ("phone", wrong * 5), (wrong, wrong)):
            self._refused("PUT", "/customers/cust_wrong", {name: value})
        self._refused("PUT", "/customers/cust_wrong", f'{{"{wrong}": '.encode())
        self._refused("POST", "/invoices", {"customerId": "cust_1", "lineItems": [], "memo": wrong})
        rows = [{"id": customer_id, "firstName": wrong, "email": wrong} for customer_id in ("cust_wrong", "cust_1")]
        customer_import = self.plain.post("/customer-imports", {"customers": rows})
        assert customer_import.status == 202, customer_import.text
        self.import_id = str(customer_import.json["id"])
        self._refused("GET", f"/customers?{wrong}={wrong}")
        self._refused("GET", f"/customers/{wrong}")
        assert self.api.get(f"/customers?name={word('query')}").status == 200
        assert self.api.get(f"/customers?email={address('maildomain')}").status == 200
        discount = {"kind": "discount", "description": "Spring", "amount": "5.00"}
        self.bill_next_service(tax="5.00", deductions=[discount])
        self.pay()
        self.settled()
        self.edit_customer_in_stripe("cust_1", email="second@b.test", name="Ann Lee", phone="1", description="")
        self.settled()
        self.draft_changed_in_stripe()
        self.lost_invoice()
        self.everything_is_read()
        self.parked_events()
        self.unpublished_change()

    def _refused(self, method: str, path: str, body: Any = None) -> None:
        answer = self.plain.call(method, path, body)
        assert answer.status >= 400, answer.text
        self.typed.refusals.append(answer)

    def draft_changed_in_stripe(self) -> None:
        """Changes the texts of a draft in Stripe."""
        self.bill_next_service(send=False)
        self.edit_draft(description=word("dashboard"), footer=word("dashboard"))
        self.settled()

    def parked_events(self) -> None:
        """Events that are stored with their bodies: in an old version, of every kind of object, and with a fault."""
        kinds = {"invoice", "charge", "payment_intent", "refund", "dispute", "customer", "credit_note"}
        latest: dict[str, Any] = {}
        for event in self.stage.double.events(self.account, version=API_VERSION):
            kind = event["data"]["object"]["object"]
            if kind in kinds and word("metadata") in json.dumps(event):
                latest[kind] = event
        assert set(latest) == kinds, kinds - set(latest)
        with self._broken_stores():
            for kind, event in latest.items():
                for version in (API_VERSION, "2018-02-06"):
                    event_id = f"evt_parked_{kind}_{version[:4]}"
                    self._post_signed(
                        json.dumps({**event, "id": event_id, "api_version": version, "account": self.account})
                    )

    def lost_invoice(self) -> None:
        """Loses the record of an invoice, and recreates it from Stripe's invoice, to which a line was added."""
        self.bill_next_service(send=False)
        self.add_to_draft(500, word("dashboard"))
        self.send_in_stripe()
        self.settled()
        self.record_is_lost()

    def record_is_lost(self) -> None:
        """POM's record of the invoice is lost, and the operator has it made again."""
        lost_invoice = self._invoice
        InvoiceItem(lost_invoice.organization_id, lost_invoice.id).delete()
        ports = self.stage.ports
        for listed_invoice in invoices_to_backfill(ORGANIZATION, ports.clock.now() - 60 * DAY, ports):
            backfill(listed_invoice, ORGANIZATION, ports)
        assert self.stage.ports.invoices.get(lost_invoice.organization_id, lost_invoice.id) is not None, (
            "it was not made again"
        )

    def everything_is_read(self) -> None:
        """Opens everything that users can read, in each form."""
        self.bill_next_service(send=False)
        ids = {
            "invoiceId": str(self._invoice.id),
            "customerId": "cust_1",
            "batchId": self.api.get("/invoice-batches").json["data"][0]["id"],
            "importId": self.import_id,
            "payoutId": self.api.get("/payouts").json["data"][0]["id"],
        }
        read_paths = set[str]()
        for route in ROUTES:
            for accept in ("application/json", "text/csv", "text/html"):
                if route.method == "GET" and route.role is not Role.PUBLIC:
                    path = route.path.removeprefix("/v1").format(**ids)
                    answer = self.admin.get(path, headers={"Accept": accept})
                    assert answer.status < 500, (route.label, answer.text)
                    read_paths.add(route.label if answer.status == 200 else "")
        assert len(read_paths) > len(ids) * 3, "most of what there is can be read"

    @contextmanager
    def _broken_stores(self) -> Iterator[None]:
        """Makes POM's own code raise an error that contains the person, at every read."""

        def broken(*_: Any, **__: Any) -> Any:
            raise KeyError(word("error"))

        ports = self.stage.ports
        with (
            patch.object(ports.invoices, "get", broken),
            patch.object(ports.invoices, "find_by_reference", broken),
            patch.object(ports.customers, "get", broken),
            patch.object(ports.customers, "find_by_stripe_id", broken),
        ):
            yield

    def unpublished_change(self) -> None:
        """Makes a change of the person's record that the bus refuses permanently."""
        self.edit_customer_in_stripe("cust_1", email="unpublished@b.test")
        bus = self.stage.ports.bus
        original_put = bus.put
        refusal = Refusal("InvalidArgument", "It is no event.", transient=False)
        with patch.object(bus, "put", lambda events: original_put(()) or {each.id: refusal for each in events}):
            self.settled()

    # Steps of the story, in which the person takes the place of its people

    def create_customer_in_stripe(self, named: str, **params: Any) -> None:
        email = as_the_persons(params["email"])
        super().create_customer_in_stripe(named, **{**EDITED, "email": email, "name": word("stripename")})

    def edit_customer_in_stripe(self, customer: str, **changes: Any) -> None:
        if "email" in changes:
            changes["email"] = address("stripemail", changes["email"].partition("@")[0])
        values = {name: EDITED[name] for name in changes if name in EDITED}
        super().edit_customer_in_stripe(customer, **{**changes, **values, "address": STREET})

    def _customer_of_a_step(
        self, customer_id: str = "cust_1", email: str | None = "ann@example.test", **_: Any
    ) -> Any:
        """Saves a customer through the API, as the steps of a play do it without."""
        body = {"firstName": "Ann", "lastName": "Lee", **({"email": email} if email else {})}
        self.put_customer(customer_id, **body)

    # What can be looked at

    @property
    def admin(self) -> PersonsOffice:
        """Returns an admin of the company, who may request an erasure."""
        office = self.api.acting("admin", user=ADMIN)
        assert isinstance(office, PersonsOffice)
        return office

    def customers(self) -> list[str]:
        """Returns the ids of all customers of the company but Bo's: each is the person."""
        customer_list = self.admin.get("/customers?first=100").json["data"]
        return [each["id"] for each in customer_list if each["id"] != BO]

    def records(self) -> list[dict[str, Any]]:
        """Returns the stream records since the last call."""
        record_list = []
        for reader in self._streams.values():
            seen = reader.peek(100_000)
            reader.pass_by(len(seen))
            record_list += seen
        return record_list

    def unpublished(self) -> Iterator[Place]:
        """Yields the messages about changes that could not be published."""
        stored_messages = self.stage.ports.unpublished.kept
        assert stored_messages, "a change could not be told"
        for change in stored_messages:
            yield Place("message to unpublished-changes", message_of(unpublished_change(*change)))

    def logged(self) -> str:
        """Returns each line and each metric that was written, so far."""
        return "\n".join(each.logged for each in self.stage.invocations)


def stage_table(name: str) -> str:
    """Returns the whole name of a table."""
    from tests.bench.stories_stage import _prefix

    return _prefix() + name

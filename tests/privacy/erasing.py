"""Settles the person's open invoices, erases the person, and then lets Stripe send events about the person."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.events import API_VERSION
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER
from tests.privacy.in_stripe import EDITED
from tests.privacy.life import DAY, Life
from tests.privacy.person import address, word
from tests.world import ORGANIZATION

HOUR = 3600
OVER = {"paid", "refunded", "void", "uncollectible"}
KEPT_IN_STRIPE = {"cust_1", "cust_bulk_0"}
"""The customers that stay in Stripe, which continues to send events about them. The others are deleted there."""


@dataclass
class Erasing:
    """The erasure of each record that the company has of the person."""

    life: Life
    refused: list[set[str]] = field(default_factory=list)
    """The codes with which an erasure of `cust_1` was refused, one for each request."""

    def begin(self) -> None:
        """Lets everything be under way that an erasure waits for."""
        life = self.life
        life.bill_next_service(paymentMethods=["card", "us_bank_account"])
        life.pay("000123456789")
        life.settled()
        life.paid()
        life.dispute()
        life.settled()
        life.paid()
        life.lose_refund_responses(made=False)
        life.refund_in_pom(key="under-way")
        service = {**life._item(), "serviceId": "svc_under_way", "customerId": "cust_1"}
        assert life.api.post("/invoice-batches", {"services": [service]}).status == 202
        self.refused.append(self._ask("cust_1"))

    def settle(self) -> None:
        """Settles one thing after the other, and asks after each."""
        for happens in (self._finish_batches, self._settle_refunds, self._decide_disputes, self._settle_debits):
            happens()
            self.refused.append(self._ask("cust_1"))
        for customer in self.life.customers():
            self._close_invoices(customer)

    def erase(self) -> None:
        """Asks for each erasure, and lets POM do it and look again a day later."""
        for customer in self.life.customers():
            assert self._ask(customer) == set(), customer
        for seconds in (0, BEGINS_AFTER, DAY + HOUR):
            self.life.stage.advance(seconds)
            self.life.stage.tick("resume_stuck")
            self.life.settled()

    def _ask(self, customer: str) -> set[str]:
        """Asks for the erasure of a customer, and returns the codes of the reasons why it is refused."""
        how = "keep" if customer in KEPT_IN_STRIPE else "delete"
        answer = self.life.admin.delete(f"/customers/{customer}?inStripe={how}")
        assert answer.status in (202, 409), answer.text
        return {each["code"] for each in answer.error["details"]} if answer.status == 409 else set()

    # How the office or the payer resolves each reason

    def _close_invoices(self, customer: str) -> None:
        for each in self.life.admin.get(f"/invoices?customerId={customer}&first=100").json["data"]:
            if each["status"] not in OVER and self.life.api.post(f"/invoices/{each['id']}/void").status >= 400:
                in_stripe = each["dashboardUrl"].rpartition("/")[2]  # a part is paid, so the rest has to be
                self.life.stage.double.pay(self.life.account, in_stripe)
        self._time_passes()

    def _settle_debits(self) -> None:
        for intent in self._in_stripe("payment_intent", "processing"):
            self.life.stage.double.settle_debit(self.life.account, intent["id"])
        self.life.settled()

    def _decide_disputes(self) -> None:
        for dispute in self._in_stripe("dispute", "needs_response", "under_review"):
            self.life.stage.double.move_dispute(self.life.account, dispute["id"], "won")
        self.life.settled()

    def _settle_refunds(self) -> None:
        self.life.stripe_is_reachable()
        for _ in range(3):
            self._time_passes()
        for refund in self._in_stripe("refund", "pending"):
            self.life.stage.double.settle_refund(self.life.account, refund["id"])
        self._time_passes()

    def _finish_batches(self) -> None:
        for batch in self.life.admin.get("/invoice-batches?first=100").json["data"]:
            if batch["status"] in ("processing", "cancelling"):
                self.life.api.post(f"/invoice-batches/{batch['id']}/cancel")
        self.life.settled()

    def _time_passes(self) -> None:
        self.life.stage.advance(HOUR)
        self.life.stage.tick("resume_stuck")
        self.life.settled()

    def _in_stripe(self, kind: str, *statuses: str) -> list[Any]:
        return [each for each in self.life.stage.in_stripe(self.life.account, kind) if each["status"] in statuses]


class Afterwards:
    """Later events and requests that contain the person again."""

    def __init__(self, life: Life) -> None:
        self.life = life

    def all(self) -> None:
        """Plays everything that may still happen."""
        for happens in (self.events, self.resent_events, self.sweeps, self.lost_invoice, self.requests):
            happens()
            self.life.settled()

    def events(self) -> None:
        """The person is edited in Stripe, money goes back, a refund fails late, and a bank disputes a payment."""
        life, double = self.life, self.life.stage.double
        changes: Any = {**EDITED, "email": address("stripemail", "later")}
        for customer in sorted(KEPT_IN_STRIPE):
            life._customers.update(life._id_of(customer), changes, life._options)
        paid_invoices = [
            each
            for each in life.stage.in_stripe(life.account, "charge")
            if each["paid"] and not each["amount_refunded"] and not each["disputed"] and self._is_hers(each)
        ]
        life._dashboard.refunds.create({"charge": paid_invoices[0]["id"], "amount": 500}, life._options)
        double.settle_refund(life.account, life._last("refund"), outcome="failed")
        double.open_dispute(life.account, paid_invoices[1]["id"])
        life.settled()
        double.move_dispute(life.account, life._last("dispute"), "lost")
        life._dashboard.refunds.create({"charge": paid_invoices[2]["id"]}, life._options)
        life.settled()
        life.stage.advance(10)

    def resent_events(self) -> None:
        """Resends one event of every type under new ids, in POM's API version and in an old one."""
        life = self.life
        latest = {each["type"]: each for each in life.stage.double.events(life.account, version=API_VERSION)}
        for number, event in enumerate(latest.values()):
            for version in (API_VERSION, "2018-02-06"):
                event_id = f"evt_again_{number}_{version[:4]}"
                life._post_signed(
                    json.dumps({**event, "id": event_id, "api_version": version, "account": life.account})
                )

    def sweeps(self) -> None:
        """Compares all data with Stripe for days, both on schedule and at an admin's request."""
        life = self.life
        for _ in range(2):
            life.stage.advance(DAY)
            life.stage.tick("plan_day")
            life.stage.tick("plan_reconciliation")
            life.stage.ports.queues.send(Reconciliation(ORGANIZATION, objects=True))
            life.stage.tick("resume_stuck")
            life.settled()

    def lost_invoice(self) -> None:
        """Loses the record of an erased person's invoice, and recreates it as the operator does."""
        life = self.life
        [newest, *_] = [each for each in life.admin.get("/invoices?status=paid").json["data"] if self._listed(each)]
        life.invoice = life.stage.ports.invoices.get(ORGANIZATION, newest["id"])
        life.record_is_lost()

    def requests(self) -> None:
        """Tries to restore the person as the office: saves, imports, bills, sends to Stripe, and reads."""
        life = self.life
        for customer in ("cust_1", "cust_2"):
            refusals = [
                life.api.put(f"/customers/{customer}", {"firstName": "Ann", "email": "again@b.test"}),
                life.api.post(f"/customers/{customer}/sync"),
                life.api.get(f"/customers/{customer}"),
                life.api.post("/invoices", {"customerId": customer, "lineItems": [life._item()]}),
            ]
            assert {each.code for each in refusals} == {"customer_erased"}, [each.text for each in refusals]
        rows = [{"id": customer, "firstName": "Ann", "email": "again@b.test"} for customer in ("cust_1", "cust_2")]
        service = {**life._item(), "serviceId": "svc_after", "description": word("line"), "customerId": "cust_1"}
        life.api.post("/customer-imports", {"customers": rows})
        batch = life.plain.post("/invoice-batches", {"services": [service]})
        life.settled()
        assert life.api.post(f"/invoice-batches/{batch.json['id']}/retry").status == 202
        life.settled()
        failed_items = life.api.get(f"/invoice-batches/{batch.json['id']}").json["items"]
        assert [each["error"]["code"] for each in failed_items] == ["customer_erased"]
        life.api.get(f"/customers?name={word('query')}")

    def _is_hers(self, charge: Any) -> bool:
        customer = self.life.stage.double.world.ledger(self.life.account).find("customer", charge["customer"])
        return customer is not None and "bystander" not in str(customer["email"])

    def _listed(self, invoice: Any) -> bool:
        return invoice["customerId"] in KEPT_IN_STRIPE

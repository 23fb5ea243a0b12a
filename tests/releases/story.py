"""The story that produces a release's form: one pool company that meets every case, and some that only connect."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.erasure import InStripe
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId
from chalicelib.domain.saga import LEASE
from chalicelib.ports.messages import Reconciliation
from chalicelib.usecases.connecting.freeze import freeze_new_connections, unfreeze_new_connections
from chalicelib.usecases.erasing.erase_customer import BEGINS_AFTER, SECOND_LOOK_AFTER
from chalicelib.usecases.invoicing.invoices import get_invoice
from infra.ops.close_customers import close
from infra.ops.organization_records import erase_organization_records
from tests.bench.stories_stage import Stage
from tests.field.play import Play
from tests.world import ORGANIZATION

CAPTURED_AFTER = 5
"""Seconds after which Stripe has booked a card payment."""
HOUR = 3600
ZONE = "America/Chicago"
DECLINED = "pm_card_chargeDeclinedInsufficientFunds"
WAITING, STOPPED, LEFT, BEGUN, ERASED = (
    OrganizationId(f"org_{each}") for each in ("waiting", "stopped", "left", "begun", "erased")
)
OPERATOR = "kim@operations"


class Story(Play):
    """Steps of the field's cases, played through the Lambda handlers over real tables, one invoice after another."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage, stage.office, API_VERSION, {})
        self.stage, self.account = stage, stage.account_id
        self._services = 0

    def tell(self) -> None:
        """Plays the whole story. Some work is left unfinished at the end on purpose."""
        self.people()
        self.other_companies()
        self.money()
        self.changed_invoices()
        self.bulk()
        self.payouts()
        self.days()
        self.erasures()
        self.half_done()

    # Chapters

    def people(self) -> None:
        """Customers in every state, one test of the connection, and what the platform notes of itself."""
        reminders = {"enabled": True, "daysAfterDue": [1]}
        self.settings(paymentWindow=20)
        self.settings(reminders=reminders, paymentWindow=40, timeZone=ZONE, footer="Thank you", currency="usd")
        address = {"street": "1 Elm St", "street2": "B", "city": "Austin", "state": "TX", "zipCode": "78701"}
        for number, fields in enumerate(({}, {"phone": "512 555 0100", "address": {**address, "country": "US"}})):
            self.put_customer(
                f"cust_{number + 1}", firstName="Ann", lastName="Lee", email=f"a{number}@b.test", **fields
            )
        self.put_customer("cust_emailless", companyName="Blue Bay")
        for name in ("twin", "other"):
            self.create_customer_in_stripe(name, name="Bea Ray", email="bea@b.test")
        self.put_customer("cust_choice", firstName="Bea", lastName="Ray", email="bea@b.test")
        self.put_customer("cust_gone", firstName="Cy", lastName="Orr", email="cy@b.test")
        self.settled()
        self.edit_customer_in_stripe("cust_2", phone="512 555 0199", address={"line1": "2 Oak St", "city": "Waco"})
        self.delete_customer_in_stripe("cust_gone")
        self.settled()
        self.test_connection()
        self.settled()
        self.check_endpoint()

    def other_companies(self) -> None:
        """An account that Stripe reviews, one that it stopped, and one that left."""
        freeze_new_connections(OPERATOR, "A bill was sent twice.", self.stage.ports)
        self.stage.connect(WAITING, self.stage.account(charges_enabled=False, currently_due=["external_account"]))
        unfreeze_new_connections(self.stage.ports)
        stopped_account = self.stage.connect(STOPPED)
        self.stage.double.update_account(stopped_account, charges_enabled=False, past_due=["company.tax_id"])
        disconnected_account = self.stage.connect(LEFT)
        self.stage.double.revoke(disconnected_account)
        freeze_new_connections(OPERATOR, "A bill was sent twice.", self.stage.ports)
        self.settled()

    def money(self) -> None:
        """Payments that fail, arrive, are under way, given back, and disputed."""
        self.bill_next_service()
        for credit in ({"deductions": [{"kind": "credit", "description": "Missed visit", "amount": "5.00"}]}, {}):
            self.bill_next_service("cust_2", **credit)
            self.pay(DECLINED)
            self.settled()
        self.paid()
        self.refund(2500)
        self.settled()
        self.paid()
        self.refund_in_pom()
        self.settled()
        self.refund_fails()
        self.settled()
        self.paid()
        self.refund()
        self.settled()
        self.bill_next_service()
        self.pay_with_confirmation(confirmed=False)
        self.settled()
        self.bill_next_service(paymentMethods=["card", "us_bank_account"])
        self.pay("000123456789")
        self.settled()
        self.paid()
        self.dispute()
        self.settled()
        self.paid()
        self.dispute()
        self.dispute_ends("lost")
        self.settled()

    def changed_invoices(self) -> None:
        """Drafts, corrections, revisions, payments by hand, and events that find nothing to belong to."""
        self.bill_next_service(send=False)
        self.bill_next_service(send=False)
        off = {"kind": "discount", "description": "Spring", "amount": "10.00"}
        self.api.put(f"/invoices/{self._invoice.id}", {"lineItems": [self._item(2)], "deductions": [off]})
        self.bill_next_service()
        self.void_by_hand()
        for how in ({}, {"amount": "30.00", "method": "cash"}):
            self.bill_next_service()
            self.record_payment(reference="check 17", paid_on=0, **how)
        self.bill_next_service()
        self.correct()
        self.bill_next_service()
        self.revise(more=2500)
        self.settled()
        self.bill_next_service()
        self.write_off()
        self.bill_next_service()
        self.credit(1000)
        self.settled()
        self.bill_next_service(send=False)
        self.delete_in_stripe()
        self.bill_next_service(send=False)
        self.send_in_stripe()
        self.api.put(f"/invoices/{self._invoice.id}", {"lineItems": [self._item(2)]})
        self.webhook(type="invoice.paid", object="in_1")
        self.settled()

    def bulk(self) -> None:
        """A batch of reviewed drafts with one that somebody changed, one that is cancelled, and an import."""
        self.bill_in_bulk(customers=3, send=False)
        self.settled()
        self.continue_with_batch_item(0)
        self.due_date_in_stripe(90)
        self.lose_address_of("cust_bulk_1")
        self.send_batch()
        self.settled()
        rows = [{"id": f"cust_{n}", "firstName": "Di", "email": f"d{n}@b.test"} for n in ("1", "new")]
        self.import_customers(rows=[*rows, {"id": "cust_wrong", "stripeCustomerId": "cus_unknown"}])
        self.settled()

    def payouts(self) -> None:
        """A payout that arrives, one that comes back, and one that is on its way."""
        self.days_pass(3)
        self.settled()
        self.stage.double.pay_out(self.account)
        self.days_pass(3)
        self.settled()
        self.paid()
        self.days_pass(3)
        self.stage.double.pay_out(self.account)
        self.settled()
        self.payout_fails("account_closed")
        self.days_pass(1)
        for status in ("canceled", "paid"):
            self.stage.double.pay_out(self.account)
            self.settled()
            if status == "canceled":
                self.stripe_returns("payout", status=status)
                self.webhook(type="payout.canceled", object={"id": "$payout", "object": "payout", "status": status})
                self.paid()
                self.days_pass(2)

    def days(self) -> None:
        """Schedules plan the day: reminders, overdue invoices, unpaid ones that are given up, and a comparison."""
        for days in (19, 1, 1, 9, 40):
            self.until(10, ZONE, days)
            self.stage.tick("plan_day")
            self.settled()
        self.bill_next_service()
        self.pay(amount=3000)
        self.settled()
        self.paid()
        self.lose_webhooks()
        self.refund(1000)
        self.duplicate()
        self.overwrite_metadata_of_latest(pom_invoice_id=InvoiceId(f"inv_{'a' * 26}"))
        self.stop_losing_webhooks()
        self.stage.advance(3 * HOUR)
        self.stage.tick("plan_reconciliation")
        self.stage.ports.queues.send(Reconciliation(ORGANIZATION, objects=True))
        self.settled()

    def erasures(self) -> None:
        """Erasures of customers: finished, under way, and waiting for an open invoice; and that of a company."""
        for customer in ("cust_erased", "cust_erasing", "cust_closed"):
            self.put_customer(customer, firstName="Flo", lastName="Fay", email=f"{customer}@b.test")
            self.bill_next_service(customer)
            if customer != "cust_closed":
                self.pay()
            self.settled()
        self.ask_to_erase("cust_erased", "delete")
        self.time_of_erasures(BEGINS_AFTER)
        self.time_of_erasures(SECOND_LOOK_AFTER)
        self.ask_to_erase("cust_erasing", "keep")
        close(ORGANIZATION, CustomerId("cust_closed"), InStripe.KEEP, OPERATOR, self.stage.ports)
        self.time_of_erasures(BEGINS_AFTER)
        self.stage.connect(ERASED)
        self.settled()
        response = self.api.acting("admin", organization=ERASED).delete("/stripe/connection")
        assert response.status == 200, response.text
        erase_organization_records(ERASED, OPERATOR, self.stage.ports)
        self.settled()

    def half_done(self) -> None:
        """Orders, an edit, a refund, a void, a batch and an import that stop in the middle."""
        double = self.stage.double
        self.bill_next_service(send=False)
        double.order_fault("close_before", path="/v1/invoices/*/send", count=10)
        self.press_send()
        double.clear_faults()
        double.order_fault("close_before", method="POST", path="/v1/invoices", count=10)
        self.bill_customer("cust_1")
        double.clear_faults()
        self.bill_next_service(send=False)
        double.order_fault("close_before", method="POST", path="/v1/invoices/*/update_lines", count=10)
        self.api.put(f"/invoices/{self._invoice.id}", {"lineItems": [self._item(2)]})
        double.clear_faults()
        self.paid()
        self.lose_refund_responses(made=False)
        self.refund_in_pom()
        self.stripe_is_reachable()
        self.bill_next_service()
        double.order_fault("close_before", path="/v1/invoices/*/void", count=10)
        self.void_by_hand()
        double.clear_faults()
        self.bill_next_service()
        self.pay(DECLINED)
        self.settled()
        self.put_customer("cust_saved", firstName="Eve", email="eve@b.test")
        self.bill_in_bulk_again()
        self.webhook(type="invoice.paid", object="in_2")
        self.stage.advance(LEASE + 1)
        self.stage.tick("resume_stuck")
        self.stage.begin(BEGUN)

    # Steps

    def bill_next_service(self, customer: str = "cust_1", **body: Any) -> None:
        """The office bills the next service; from now on the story is about this invoice."""
        self._services += 1
        made = self.api.post("/invoices", {"customerId": customer, "lineItems": [self._item()], **body})
        assert made.status == 201, made.text
        self.invoice = get_invoice(ORGANIZATION, InvoiceId(made.json["id"]), self.stage.ports)
        self.settled()

    def paid(self) -> None:
        """The office bills the next service, a card pays it, and Stripe books the payment."""
        self.bill_next_service()
        self.pay()
        self.settled()
        self.stage.advance(CAPTURED_AFTER)
        self.settled()

    def ask_to_erase(self, customer: str, in_stripe: str) -> None:
        response = self.api.admin.delete(f"/customers/{customer}?inStripe={in_stripe}")
        assert response.status == 202, response.text
        self.settled()

    def time_of_erasures(self, seconds: int) -> None:
        """Time goes by, and erasures that are due go on."""
        self.stage.advance(seconds)
        self.stage.tick("resume_stuck")
        self.settled()

    def overwrite_metadata_of_latest(self, **metadata: str) -> None:
        """Somebody changes metadata of the latest invoice in Stripe, which POM has no record of."""
        parameters: Any = {"metadata": metadata}
        self._dashboard.invoices.update(self._last("invoice"), parameters, self._options)

    def lose_address_of(self, customer: str) -> None:
        self.put_customer(customer, firstName="Ann", lastName="Lee")
        self.settled()

    def bill_in_bulk_again(self) -> None:
        """Two more batches that nobody works on: one waits, one is cancelled; and an import that waits."""
        for number in range(2):
            service = {**self._item(), "serviceId": f"svc_more_{number}", "customerId": "cust_1"}
            batch = self.api.post("/invoice-batches", {"services": [service]})
            assert batch.status == 202, batch.text
        self.api.post(f"/invoice-batches/{batch.json['id']}/cancel")
        self.api.post("/customer-imports", {"customers": [{"id": "cust_late", "firstName": "Fay"}]})

    def _item(self, quantity: int = 1) -> dict[str, Any]:
        text = {"serviceId": f"svc_{self._services}", "description": "Weekly cleaning"}
        return {**text, "quantity": quantity, "unitPrice": "75.00"}

    def settled(self) -> None:
        """Delivers webhooks, runs the workers on queued messages, and publishes changes."""
        self.stage.settle()

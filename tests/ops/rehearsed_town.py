"""A town whose records are in tables: two pool companies at work, and everything that they asked of POM.

All that people asked for can be asked again with the same keys, and every message can be delivered again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from chalicelib.adapters.stripe.objects.payments import REFUND_KEY
from chalicelib.adapters.tables.models import ConnectionItem, InvoiceItem
from chalicelib.domain.batch import BatchKind
from chalicelib.domain.billing import BillingTerms
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.errors import Conflict, IntegrationError, ServiceAlreadyBilled
from chalicelib.domain.identifiers import CustomerId, InvoiceId, OrganizationId, batch_id_for
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.payments import PaymentStatus, payments_of
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.summary import contribution
from chalicelib.domain.tallies import Bucket, Tally, added_up
from chalicelib.ports.messages import Message
from chalicelib.usecases.bulk.batches import send_drafts
from chalicelib.usecases.bulk.bill_many import BillMany, bill_many
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.customers.customers import put_customer
from chalicelib.usecases.invoicing.correct_invoice import correct_invoice
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.edit_draft import EditDraft, edit_draft
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.refund import RefundRequest, refund
from chalicelib.usecases.invoicing.settle_outside import Settlement, mark_paid
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from infra.stripe_double.errors import StripeFault
from tests.backends import STORES, table_backend
from tests.proofs.invariants import disagreements
from tests.world import ADMIN, OFFICE, World, line, order

BLUE, GREEN = OrganizationId("org_blue"), OrganizationId("org_green")
LEAVER = OrganizationId("org_leaver")
"""Connected before the disaster, and disconnected before it, too."""
NEWCOMER = OrganizationId("org_newcomer")
HOUR = 3600
CUSTOMERS = 3
PAYMENTS = (
    "pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_chargeDeclined", "pm_usBankAccount_success",
    "pm_card_createDispute",
)  # fmt: skip
BILLS = ("open", "paid", "uncollectible", "draft")
"""Statuses in Stripe in which an invoice counts as billed."""


class RehearsedTown(World):
    """Everything in it follows from the seed."""

    def __init__(self, seed: int, members: Sequence[OrganizationId] = (BLUE, GREEN, LEAVER)) -> None:
        super().__init__(seed)
        self.rng = random.Random(f"rehearsal {seed}")
        stores = table_backend()
        for name in STORES:
            setattr(self.ports, name, getattr(stores, name))
        self.delivered: list[Message] = []
        take = self.ports.queues.take

        def taken() -> list[Message]:
            messages = take()
            self.delivered += messages
            return messages

        self.ports.queues.take = taken  # type: ignore[method-assign]
        self.requests: list[Callable[[], object]] = []
        self.numbers = 0
        self.told: Counter[str] = Counter()
        self.accounts: dict[OrganizationId, str] = {}
        for each in members:
            self.joins(each)

    def joins(self, organization: OrganizationId) -> None:
        """Connects a new account of an organization, and saves its customers."""
        self.accounts[organization] = self.connect(organization, self.account(payout_schedule="daily"))
        self.saves_customers(organization)

    def saves_customers(self, organization: OrganizationId) -> None:
        for number in range(CUSTOMERS):
            self.customer(f"cust_{number}", f"{number}@pool.test", organization)
        self.work()

    def stage(self, prefix: str) -> Any:
        """Returns the stage as an operator's commands use it."""
        return SimpleNamespace(ports=self.ports, config=SimpleNamespace(table_prefix=prefix))

    # Business

    def goes_on(self, deeds: int) -> None:
        """Plays people, payers and banks, with some minutes between their actions."""
        names = [name for name in dir(self) if name.startswith("do_")]
        for _ in range(deeds):
            name = self.rng.choice(names)
            with suppress(IntegrationError, StripeFault, ValueError):
                getattr(self, name)(self.rng.choice((BLUE, GREEN)))
                self.told[name.removeprefix("do_")] += 1
            self.advance(self.rng.randrange(60, HOUR))
            if self.rng.random() < 0.7:
                self.deliver()
            self.work()

    def _asks(self, request: Callable[[], object]) -> None:
        """Sends a request to POM, and may repeat it unchanged."""
        self.requests.append(request)
        request()

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    def bills(self, organization: OrganizationId, services: tuple[str, ...], *, send: bool) -> None:
        key = f"key-{self._number()}"
        command = order(
            organization_id=organization, idempotency_key=key, fingerprint=key, send=send,
            customer_id=CustomerId(f"cust_{self.rng.randrange(CUSTOMERS)}"),
            line_items=tuple(line(each) for each in services), payment_methods=("card", "us_bank_account"),
        )  # fmt: skip
        self._asks(lambda: create_invoice(command, self.ports))

    def do_bill(self, organization: OrganizationId) -> None:
        self.bills(organization, tuple(f"svc_{self._number()}" for _ in range(self.rng.choice((1, 2)))), send=True)

    do_bill_more = do_bill

    def do_draft(self, organization: OrganizationId) -> None:
        self.bills(organization, (f"svc_{self._number()}", f"svc_{self._number()}"), send=False)

    def do_batch(self, organization: OrganizationId) -> None:
        key = f"batch-{self._number()}"
        services = tuple((CustomerId(f"cust_{n}"), line(f"svc_{self._number()}")) for n in range(CUSTOMERS))
        command = BillMany(organization, OFFICE, key, key, services, BillingTerms(send=self.rng.random() < 0.5))
        self._asks(lambda: bill_many(command, self.ports))
        self.work()
        if not command.terms.send:
            batch = batch_id_for(organization, BatchKind.INVOICES, key)
            self._asks(lambda: send_drafts(organization, batch, OFFICE, None, self.ports))

    def do_edit(self, organization: OrganizationId) -> None:
        draft = self._some(organization, InvoiceStatus.DRAFT)
        remaining_services = [each.service_id for each in draft.order.line_items][:1]
        lines = tuple(line(each) for each in (*remaining_services, f"svc_{self._number()}"))
        command = EditDraft(organization, draft.id, OFFICE, lines, BillingTerms(payment_terms="net_30"))
        self._asks(lambda: edit_draft(command, self.ports))

    def do_send(self, organization: OrganizationId) -> None:
        draft = self._some(organization, InvoiceStatus.DRAFT)
        self._asks(lambda: send_invoice(organization, draft.id, OFFICE, self.ports))

    def do_void(self, organization: OrganizationId) -> None:
        """Voids an invoice, and bills its services again."""
        pending = self._some(organization, InvoiceStatus.PENDING)
        self._asks(lambda: void_invoice(organization, pending.id, OFFICE, self.ports))
        self.bills(organization, tuple(pending.order.services), send=True)

    def do_correct(self, organization: OrganizationId) -> None:
        pending = self._some(organization, InvoiceStatus.PENDING)
        self._asks(lambda: correct_invoice(organization, pending.id, OFFICE, self.ports, confirmed=True))

    def do_take_cash(self, organization: OrganizationId) -> None:
        pending = self._some(organization, InvoiceStatus.PENDING)
        self._asks(lambda: mark_paid(organization, pending.id, OFFICE, Settlement("cash"), self.ports))

    def do_refund(self, organization: OrganizationId) -> None:
        payments = [
            payment
            for invoice in self.invoices(organization)
            for payment in payments_of(invoice)
            if payment.status is PaymentStatus.SUCCEEDED
        ]
        payment, key = self._one(payments), f"refund-{self._number()}"
        request = RefundRequest(organization, ADMIN, payment.id, key, Decimal("5.00"))
        self._asks(lambda: refund(request, self.ports))

    def do_save_customer(self, organization: OrganizationId) -> None:
        number = self.rng.randrange(CUSTOMERS)
        save = Save(Profile(first_name=self.rng.choice(("Ann", "Bo")), last_name="Lee", email=f"{number}@pool.test"))
        self._asks(lambda: put_customer(organization, CustomerId(f"cust_{number}"), save, self.ports))

    def do_pay(self, organization: OrganizationId) -> None:
        bill = self._one([each for each in self.table(organization, "invoice") if each["status"] == "open"])
        self.double.pay(self.accounts[organization], bill["id"], self.rng.choice(PAYMENTS))

    do_pay_more = do_pay_much = do_pay

    def do_dispute(self, organization: OrganizationId) -> None:
        charge = self._one([each for each in self.table(organization, "charge") if each["status"] == "succeeded"])
        self.double.open_dispute(self.accounts[organization], charge["id"])

    def do_decide(self, organization: OrganizationId) -> None:
        dispute = self._one(self.table(organization, "dispute"))
        self.double.move_dispute(self.accounts[organization], dispute["id"], self.rng.choice(("won", "lost")))

    def do_refund_in_stripe(self, organization: OrganizationId) -> None:
        charge = self._one([each for each in self.table(organization, "charge") if each["status"] == "succeeded"])
        self.double.refund_charge(self.accounts[organization], charge["id"], amount=500)

    def do_nothing_for_hours(self, organization: OrganizationId) -> None:
        self.advance(self.rng.randrange(4, 30) * HOUR)

    def leaves(self, organization: OrganizationId) -> None:
        """Disconnects the organization's account."""
        connect.disconnect(organization, ADMIN, self.ports)

    # Looking

    def table(self, organization: OrganizationId, kind: str) -> list[dict[str, Any]]:
        """Stripe's objects of a kind."""
        return list(self.double.world.ledgers[self.accounts[organization]].tables.get(kind, {}).values())

    def invoices(self, organization: OrganizationId) -> list[Invoice]:
        """Returns all invoices that POM has of an organization, the earliest first."""
        invoice_ids = [InvoiceId(item.invoice_id) for item in InvoiceItem.query(organization, consistent_read=True)]
        stored_invoices = [self.ports.invoices.get(organization, each) for each in invoice_ids]
        return sorted(
            (each for each in stored_invoices if each is not None), key=lambda each: (each.created_at, each.id)
        )

    def _some(self, organization: OrganizationId, status: InvoiceStatus) -> Invoice:
        return self._one([each for each in self.invoices(organization) if each.status is status][-6:])

    def _one(self, some: list[Any]) -> Any:
        if not some:
            raise ValueError("there is none")
        return self.rng.choice(some)

    def frozen(self) -> dict[str, bool]:
        """Returns, for each organization with a stored connection, True if it is frozen."""
        return {
            item.organization_id: self.ports.connections.get(OrganizationId(item.organization_id)).frozen is not None
            for item in ConnectionItem.scan(ConnectionItem.kind == "connection", consistent_read=True)
        }

    def billed_services(self) -> Counter[tuple[str, str]]:
        """Returns the number of live invoices in Stripe for each service, by Stripe's own objects."""
        bill_counts: Counter[tuple[str, str]] = Counter()
        for organization, account in self.accounts.items():
            ledger = self.double.world.ledgers[account]
            for theirs in ledger.tables.get("invoice", {}).values():
                if theirs["status"] in BILLS:
                    lines = ledger.lines.get(theirs["id"], ())
                    bill_counts.update({(organization, each["metadata"]["pom_service_id"]) for each in lines})
        return bill_counts

    def billed_twice(self) -> list[tuple[str, str]]:
        return [service for service, times in self.billed_services().items() if times > 1]

    def refund_counts(self) -> Counter[str]:
        """Returns the number of refunds that Stripe made, by POM's order. Refunds from Stripe's dashboard have no
        order.
        """
        refund_rows = (each for account in self.accounts for each in self.table(account, "refund"))
        return Counter(each["metadata"].get(REFUND_KEY, "") for each in refund_rows)

    def differences(self) -> list[str]:
        """Returns the differences between POM's invoices and Stripe's."""
        difference_list = []
        for organization, account in self.accounts.items():
            ours = [each for each in self.invoices(organization) if each.stripe_account_id == account]
            difference_list += disagreements(self.double.ledger(account), ours)
        return difference_list

    def wrong_tallies(self) -> list[str]:
        """Organizations whose summary is not the sum of their invoices."""
        return [
            organization
            for organization in self.accounts
            if self._standing(self.ports.summaries.tallies(organization, None))
            != self._standing(added_up(*(contribution(each).items() for each in self.invoices(organization))))
        ]

    @staticmethod
    def _standing(tallies: Any) -> dict[Bucket, Tally]:
        return {bucket: tally for bucket, tally in tallies.items() if bucket.kind != "paid" and any(tally)}

    # After the disaster

    def asks_all_again(self, since: int) -> Iterator[str]:
        """Repeats all requests of POM's users. Yields the codes of the refusals."""
        for request in self.requests[since:]:
            try:
                request()
            except IntegrationError as refusal:
                yield refusal.code
        self.work()

    def bills_everything_again(self, whose: OrganizationId) -> list[str]:
        """Bills each service of a live Stripe invoice once more, by a new request. Returns the requests that POM
        accepted.
        """
        accepted = []
        for organization, service in self.billed_services():
            if organization != whose:
                continue
            command = order(
                service, organization_id=OrganizationId(organization), idempotency_key=f"again {service}",
                customer_id=CustomerId("cust_1"),
            )  # fmt: skip
            try:
                create_invoice(replace(command, fingerprint=service), self.ports)
            except ServiceAlreadyBilled:
                continue
            except Conflict as refusal:
                accepted.append(f"{organization} {service}: {refusal.code}")
                continue
            accepted.append(f"{organization} {service} was billed again")
        return accepted

    def delivers_old_messages_again(self, since: int) -> None:
        """Delivers old messages again, because SQS delivers at least once, and operators send dead letters again."""
        old = self.delivered[since:]
        for message in old:
            self.ports.queues.sent.append(message)
            with suppress(IntegrationError):
                self.work()

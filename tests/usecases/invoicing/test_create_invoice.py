"""Tests the creation of invoices: what is refused, what it costs, and that each service is billed once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import (
    AccountUnreachable,
    Conflict,
    IntegrationError,
    NotFound,
    Refused,
    ServiceAlreadyBilled,
)
from chalicelib.domain.identifiers import CustomerId, OrganizationId, ServiceId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.domain.money import MINIMUM_CHARGE, decimal_string
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.status import InvoiceStatus
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing import invoicing_settings
from chalicelib.usecases.invoicing.create_invoice import create_invoice
from chalicelib.usecases.invoicing.invoices import send_invoice
from chalicelib.usecases.invoicing.new_order import CreateInvoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from tests.boundaries import count_calls, stop_counting
from tests.oracle import differences
from tests.world import OFFICE, ORGANIZATION, World, line, order


def services(count: int) -> list[str]:
    return [f"svc_{number}" for number in range(count)]


def assert_nothing_left(world: World, account: str) -> None:
    assert world.ports.database.invoices == {}
    assert world.ports.database.claims == {}
    assert world.in_stripe(account) == []


REFUSED_ORDERS: list[tuple[str, CreateInvoice, str, str]] = [
    ("without lines", replace(order(), line_items=()), "lines_missing", "lineItems"),
    ("with 251 lines", order(*services(251)), "lines_too_many", "lineItems"),
    ("with 250 lines and tax", order(*services(250), tax=Decimal(1)), "lines_too_many", "lineItems"),
    ("of an unknown customer", order(customer_id=CustomerId("cust_9")), "customer_not_found", "customerId"),
    (
        "with a line in another currency",
        order("svc_1", "svc_2", line_currencies={1: "eur"}),
        "currency_mixed",
        "lineItems[1].currency",
    ),
    ("in a currency Stripe does not take", order(currency="xxx"), "currency_unsupported", "currency"),
    ("due yesterday", order(due_date=dt.date(2027, 1, 14)), "due_date_in_past", "dueDate"),
    (
        "with terms and a due date",
        order(due_date=dt.date(2027, 3, 1), payment_terms="net_7"),
        "due_date_and_terms",
        "dueDate",
    ),
    ("with unknown terms", order(payment_terms="someday"), "payment_terms_unknown", "paymentTerms"),
    (
        "with a negative price",
        replace(order(), line_items=(line("svc_1", "-1.00"),)),
        "amount_negative",
        "lineItems[0].unitPrice",
    ),
    (
        "with a price in tenths of a cent",
        replace(order(), line_items=(line("svc_1"), line("svc_2", "1.005"))),
        "amount_too_precise",
        "lineItems[1].unitPrice",
    ),
    (
        "with yen in decimals",
        order(currency="jpy", line_items=(line("svc_1", "100.5"),)),
        "amount_too_precise",
        "lineItems[0].unitPrice",
    ),
    ("with a negative tax", order(tax=Decimal("-1")), "amount_negative", "tax"),
    (
        "with a total too large",
        replace(order(), line_items=(line("svc_1", "600000"), line("svc_2", "600000"))),
        "amount_too_large",
        "lineItems",
    ),
    (
        "with a quantity of nothing",
        replace(order(), line_items=(line("svc_1", quantity="0"),)),
        "quantity_invalid",
        "lineItems[0].quantity",
    ),
    (
        "with a service twice",
        replace(order(), line_items=(line("svc_1"), line("svc_1"))),
        "service_repeated",
        "lineItems[1].serviceId",
    ),
    ("of another type", order(invoice_type="paper"), "invoice_type_unknown", "invoiceType"),
    (
        "with an unknown payment method",
        order(payment_methods=("card", "gold")),
        "payment_method_unknown",
        "paymentMethods[1]",
    ),
    (
        "with a payment method of another currency",
        order(payment_methods=("card", "sepa_debit"), currency="usd"),
        "payment_method_currency",
        "paymentMethods[1]",
    ),
    (
        "with the bank accounts of another country",
        order(payment_methods=("us_bank_account",), currency="eur"),
        "payment_method_currency",
        "paymentMethods[0]",
    ),
]


@pytest.mark.parametrize(("case", "command", "code", "field"), REFUSED_ORDERS, ids=[row[0] for row in REFUSED_ORDERS])
def test_an_order_that_breaks_a_rule_is_refused_and_stores_nothing(
    case: str, command: CreateInvoice, code: str, field: str, world: World, account: StripeAccountId
) -> None:
    with pytest.raises(IntegrationError) as refusal:
        create_invoice(command, world.ports)
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert isinstance(refusal.value, Refused | NotFound)
    assert_nothing_left(world, account)
    assert world.stripe_calls() == {}


def test_every_refusal_of_an_order_has_a_next_step(world: World, account: StripeAccountId) -> None:
    silent = []
    for case, command, _, _ in REFUSED_ORDERS:
        try:
            create_invoice(command, world.ports)
        except IntegrationError as refusal:
            if not refusal.next_step:
                silent.append(case)
    assert silent == []


def test_a_customer_without_an_email_address_is_refused(world: World, account: StripeAccountId) -> None:
    world.customer("cust_2", email=None)
    with pytest.raises(Refused) as refusal:
        world.invoice(customer_id=CustomerId("cust_2"))
    assert refusal.value.code == "customer_email_missing"
    assert refusal.value.field == "customerId"
    assert refusal.value.next_step
    assert_nothing_left(world, account)


def test_without_a_connection_no_invoice_is_created(world: World) -> None:
    world.customer()
    with pytest.raises(Conflict) as refusal:
        world.invoice()
    assert refusal.value.code == "stripe_not_connected"
    assert refusal.value.next_step
    assert world.ports.database.invoices == {}


def test_an_unverified_business_can_create_drafts_but_not_send_invoices(world: World) -> None:
    account = world.connect(
        account=world.account(charges_enabled=False, currently_due=["external_account", "person_1.dob.day"])
    )
    world.customer()
    with pytest.raises(Refused) as refusal:
        world.invoice()
    assert refusal.value.code == "stripe_account_not_ready"
    assert "bank account" in refusal.value.message
    assert refusal.value.next_step
    assert_nothing_left(world, account)
    assert world.invoice(send=False).status is InvoiceStatus.DRAFT


def test_a_revoked_connection_is_marked_and_the_order_is_undone(world: World, account: StripeAccountId) -> None:
    world.double.set_delivery(paused=True)
    world.double.revoke(account)
    with pytest.raises(AccountUnreachable) as refusal:
        world.invoice()
    assert refusal.value.code == "stripe_account_unreachable"
    assert_nothing_left(world, account)
    assert not world.ports.connections.get(ORGANIZATION).active


def test_an_order_that_stripe_refuses_is_undone(world: World, account: StripeAccountId) -> None:
    world.double.update_account(account, charges_enabled=False)  # the event has not arrived yet
    with pytest.raises(Refused) as refusal:
        world.invoice()
    assert refusal.value.code == "stripe_refused"
    assert "cannot currently make charges" in refusal.value.message
    assert refusal.value.next_step
    assert_nothing_left(world, account)


def test_after_a_refusal_the_same_key_can_be_used_again(world: World, account: StripeAccountId) -> None:
    world.double.update_account(account, charges_enabled=False)
    with pytest.raises(Refused):
        world.invoice(idempotency_key="k")
    world.double.update_account(account, charges_enabled=True)
    assert world.invoice(idempotency_key="k").status is InvoiceStatus.PENDING


# One service, one live invoice


def test_an_already_billed_service_is_refused_and_the_error_names_its_invoice(
    world: World, account: StripeAccountId
) -> None:
    first = world.invoice("svc_1")
    with pytest.raises(Conflict) as refusal:
        world.invoice("svc_2", "svc_1")
    assert refusal.value.code == "service_already_billed"
    assert refusal.value.field == "lineItems[1].serviceId"
    number = first.facts.invoice.number if first.facts.invoice else None
    assert isinstance(refusal.value, ServiceAlreadyBilled)
    assert (refusal.value.invoice_id, refusal.value.number) == (first.id, number)
    assert f"the invoice {number}" in refusal.value.message
    assert f"the invoice {number}" in str(refusal.value.next_step)
    assert first.id not in refusal.value.message + str(refusal.value.next_step)
    assert set(world.ports.database.claims) == {(ORGANIZATION, "svc_1")}
    assert len(world.in_stripe(account)) == 1


def test_a_draft_claims_its_services_too(world: World, account: StripeAccountId) -> None:
    world.invoice("svc_1", send=False)
    with pytest.raises(Conflict, match="service_already_billed"):
        world.invoice("svc_1")


@pytest.mark.parametrize("send", [True, False], ids=["sent", "draft"])
def test_voiding_frees_the_services(send: bool, world: World, account: StripeAccountId) -> None:
    first = world.invoice("svc_1", "svc_2", send=send)
    void_invoice(ORGANIZATION, first.id, OFFICE, world.ports)
    second = world.invoice("svc_2", "svc_3")
    assert second.status is InvoiceStatus.PENDING
    assert world.ports.database.claims[ORGANIZATION, ServiceId("svc_2")] == second.id


def test_an_invoice_voided_in_stripe_frees_its_services_too(world: World, account: StripeAccountId) -> None:
    first = world.invoice("svc_1")
    world.client.v1.invoices.void_invoice(str(first.stripe_invoice_id), None, {"stripe_account": account})
    world.deliver()
    assert world.invoice("svc_1").status is InvoiceStatus.PENDING


@pytest.mark.parametrize("word", ["paid", "uncollectible", "refunded"])
def test_services_of_an_invoice_that_is_not_void_stay_billed(
    word: str, world: World, account: StripeAccountId
) -> None:
    first = world.invoice("svc_1")
    stripe_id, options = str(first.stripe_invoice_id), {"stripe_account": account}
    if word == "uncollectible":
        world.client.v1.invoices.mark_uncollectible(stripe_id, None, options)  # type: ignore[arg-type]
    else:
        payment = world.double.pay(account, stripe_id)
        if word == "refunded":
            world.client.v1.refunds.create({"payment_intent": payment["payment_intent"]}, options)  # type: ignore[arg-type]
    world.deliver()
    assert world.now(first).status == word
    with pytest.raises(Conflict, match="service_already_billed"):
        world.invoice("svc_1")


def test_two_organizations_may_use_the_same_service_id(world: World, account: StripeAccountId) -> None:
    other_organization = OrganizationId("org_green")
    world.connect(other_organization)
    world.customer(organization=other_organization)
    world.invoice("svc_1", idempotency_key="same")
    other_invoice = world.invoice("svc_1", organization_id=other_organization, idempotency_key="same")
    assert other_invoice.status is InvoiceStatus.PENDING
    assert len({invoice.id for invoice in world.ports.database.invoices.values()}) == 2


def test_250_services_are_claimed_in_two_transactions(world: World, account: StripeAccountId) -> None:
    boundaries = count_calls(world)
    invoice = world.invoice(*services(250))
    assert boundaries.writes.count("invoices.claim") == 2
    assert set(world.ports.database.claims.values()) == {invoice.id}
    assert len(world.ports.database.claims) == 250


def test_a_conflict_in_the_last_transaction_releases_all_claims(world: World, account: StripeAccountId) -> None:
    first = world.invoice("svc_240")
    with pytest.raises(Conflict) as refusal:
        world.invoice(*services(250))
    assert refusal.value.code == "service_already_billed"
    assert refusal.value.field == "lineItems[240].serviceId"
    assert world.ports.database.claims == {(ORGANIZATION, "svc_240"): first.id}
    assert list(world.ports.database.invoices) == [(ORGANIZATION, first.id)]
    assert len(world.in_stripe(account)) == 1


def test_a_service_of_a_void_invoice_is_claimed_in_the_last_transaction(
    world: World, account: StripeAccountId
) -> None:
    first = world.invoice("svc_240")
    void_invoice(ORGANIZATION, first.id, OFFICE, world.ports)
    assert world.invoice(*services(250)).status is InvoiceStatus.PENDING


# Repeated requests


def test_a_repeated_request_costs_one_read_and_no_call_of_stripe(world: World, account: StripeAccountId) -> None:
    first = world.invoice(idempotency_key="once")
    world.double.api.log.reset()
    boundaries = count_calls(world)
    again = world.invoice(idempotency_key="once")
    assert again == world.now(first)
    assert boundaries.calls[:-1] == ["invoices.get"]
    assert world.stripe_calls() == {}


def test_a_key_used_for_another_body_is_refused(world: World, account: StripeAccountId) -> None:
    world.invoice("svc_1", idempotency_key="once")
    with pytest.raises(Conflict) as refusal:
        world.invoice("svc_2", idempotency_key="once", fingerprint="another body")
    assert refusal.value.code == "idempotency_key_reused"
    assert refusal.value.field == "Idempotency-Key"
    assert refusal.value.next_step
    assert len(world.in_stripe(account)) == 1


def test_two_requests_without_a_key_are_two_orders(world: World, account: StripeAccountId) -> None:
    assert world.invoice("svc_1").id != world.invoice("svc_2").id


def test_two_simultaneous_requests_with_one_key_make_one_invoice(world: World, account: StripeAccountId) -> None:
    real = world.ports

    class RivalStore:
        """Makes the same request in full just before the insert of the first request."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real.invoices, name)

        def insert(self, *args: Any) -> Invoice:
            create_invoice(order(idempotency_key="once"), real)
            return real.invoices.insert(*args)

    invoice = create_invoice(order(idempotency_key="once"), ports_with(real, invoices=RivalStore()))
    assert invoice.status is InvoiceStatus.PENDING
    assert len(world.in_stripe(account)) == 1


def ports_with(ports: Any, **replacements: Any) -> Ports:
    class ReplacedPorts:
        def __getattr__(self, name: str) -> Any:
            return replacements.get(name) or getattr(ports, name)

    return ReplacedPorts()  # type: ignore[return-value]


# Costs


@pytest.mark.parametrize("count", [1, 250])
def test_a_new_customer_costs_five_calls_of_stripe_however_many_lines(count: int, world: World) -> None:
    world.connect()
    world.customer()
    world.ports.queues.take()
    world.double.api.log.reset()
    world.invoice(*services(count))
    assert world.stripe_calls() == {
        "GET /v1/customers": 1,
        "POST /v1/customers": 1,
        "POST /v1/invoices": 1,
        "POST /v1/invoices/{id}/add_lines": 1,
        "POST /v1/invoices/{id}/send": 1,
    }


@pytest.mark.parametrize("count", [1, 250])
def test_a_known_customer_costs_three_calls_of_stripe(count: int, world: World, account: StripeAccountId) -> None:
    world.invoice(*services(count))
    assert sum(world.stripe_calls().values()) == 3


# The invoice in Stripe


def test_the_stripe_invoice_has_every_detail_of_the_order(world: World, account: StripeAccountId) -> None:
    command = replace(
        order(memo="Thanks", footer="Blue Pools", tax=Decimal("8.05"), payment_terms="net_7"),
        line_items=(line("svc_1", "75.00", "1.5"), line("svc_2", "0.01", "0.5")),
    )
    invoice = create_invoice(command, world.ports)
    [invoice_in_stripe] = world.in_stripe(account)
    assert [each["amount"] for each in invoice_in_stripe["lines"]["data"]] == [11250, 1, 805]
    assert invoice_in_stripe["lines"]["data"][0]["description"] == "Cleaning svc_1 (1.5 x 75.00)"
    assert invoice_in_stripe["lines"]["data"][0]["metadata"] == {"pom_service_id": "svc_1"}
    assert invoice_in_stripe["total"] == invoice.total == 12056
    assert invoice_in_stripe["due_date"] == world.ports.clock.now() + 7 * 86400
    assert (invoice_in_stripe["description"], invoice_in_stripe["footer"]) == ("Thanks", "Blue Pools")
    assert invoice_in_stripe["auto_advance"] is False
    assert world.double.mails()[0]["to"] == "ann@example.test"


def test_a_due_date_is_the_end_of_that_day_in_the_companys_time_zone(world: World, account: StripeAccountId) -> None:
    settings = InvoicingSettings(ORGANIZATION, time_zone="America/New_York")
    invoicing_settings.change(ORGANIZATION, settings, world.ports)
    invoice = world.invoice(due_date=dt.date(2027, 7, 1))
    assert invoice.due_at == int(dt.datetime(2027, 7, 2, 4, tzinfo=dt.UTC).timestamp()) - 1


def test_settings_are_the_defaults_of_an_order(world: World, account: StripeAccountId) -> None:
    settings = InvoicingSettings(
        ORGANIZATION, payment_terms="days_45", memo="Hello", footer="Bye", payment_methods=("card",), currency="eur"
    )
    invoicing_settings.change(ORGANIZATION, settings, world.ports)
    stored_order = world.invoice().order
    assert (stored_order.days_until_due, stored_order.memo, stored_order.footer) == (45, "Hello", "Bye")
    assert (stored_order.payment_methods, stored_order.currency) == (("card",), "eur")
    assert world.invoice("svc_2", memo="").order.memo is None


def test_payment_methods_of_the_settings_must_support_the_invoices_currency(
    world: World, account: StripeAccountId
) -> None:
    settings = InvoicingSettings(ORGANIZATION, payment_methods=("card", "us_bank_account"))
    invoicing_settings.change(ORGANIZATION, settings, world.ports)
    with pytest.raises(Refused, match="US bank account takes USD, and this invoice is in CAD"):
        world.invoice(currency="cad")
    assert world.invoice(currency="cad", payment_methods=("card", "acss_debit")).order.currency == "cad"


@pytest.mark.parametrize(
    ("currency", "price", "minor"), [("jpy", "500", 500), ("kwd", "1.25", 1250), ("isk", "5", 500)]
)
def test_amounts_of_every_currency_reach_stripe_in_its_minor_units(
    currency: str, price: str, minor: int, world: World, account: StripeAccountId
) -> None:
    command = replace(order(currency=currency), line_items=(line("svc_1", price),))
    create_invoice(command, world.ports)
    assert world.in_stripe(account)[0]["total"] == minor


@pytest.mark.parametrize(("currency", "least"), sorted(MINIMUM_CHARGE.items()))
@pytest.mark.parametrize("send", [True, False])
def test_an_order_below_stripes_minimum_is_refused_and_the_minimum_is_accepted(
    currency: str, least: int, send: bool, world: World, account: StripeAccountId
) -> None:
    def order_of(amount: int, service: str) -> CreateInvoice:
        price = decimal_string(amount, currency)
        return replace(order(currency=currency, send=send), line_items=(line(service, price),))

    with pytest.raises(Refused, match=r"smallest amount that Stripe charges is") as refusal:
        create_invoice(order_of(least - 1, "svc_small"), world.ports)
    assert (refusal.value.code, refusal.value.field) == ("amount_below_minimum", "lineItems")
    assert refusal.value.next_step
    assert_nothing_left(world, account)
    assert create_invoice(order_of(least, "svc_least"), world.ports).balance == least


def test_tax_counts_towards_stripes_minimum(world: World, account: StripeAccountId) -> None:
    lines = (line("svc_1", "0.40"),)
    with pytest.raises(Refused):
        create_invoice(replace(order(), line_items=lines, tax=Decimal("0.09")), world.ports)
    assert create_invoice(replace(order(), line_items=lines, tax=Decimal("0.10")), world.ports).total == 50


def test_a_currency_without_a_documented_minimum_is_not_checked(world: World, account: StripeAccountId) -> None:
    invoice = create_invoice(replace(order(currency="clp"), line_items=(line("svc_1", "1"),)), world.ports)
    assert invoice.total == 1


def test_an_order_of_zero_is_paid_and_not_mailed(world: World, account: StripeAccountId) -> None:
    invoice = create_invoice(replace(order(), line_items=(line("svc_1", "0"),)), world.ports)
    assert invoice.status is InvoiceStatus.PAID
    assert (invoice.total, invoice.balance, invoice.refunded_amount) == (0, 0, 0)
    assert world.double.mails() == []


def test_a_draft_is_mailed_only_when_it_is_sent(world: World, account: StripeAccountId) -> None:
    draft = world.invoice(send=False)
    assert draft.status is InvoiceStatus.DRAFT
    assert draft.balance == draft.total == 7500
    assert world.double.mails() == []
    assert not world.ports.invoices.due_for_work(world.ports.clock.now() + 10**6, 10)
    sent_invoice = send_invoice(ORGANIZATION, draft.id, OFFICE, world.ports)
    assert sent_invoice.status is InvoiceStatus.PENDING
    assert len(world.double.mails()) == 1


def test_an_invoice_that_stripe_delays_is_returned_as_creating_and_finished_by_the_schedule(
    world: World, account: StripeAccountId
) -> None:
    world.double.order_fault("close_before", method="POST", path="/v1/invoices/*/send")
    invoice = world.invoice()
    assert invoice.status is InvoiceStatus.CREATING
    assert invoice.balance == 7500
    world.advance(31)
    world.resume()
    assert world.now(invoice).status is InvoiceStatus.PENDING


def test_an_invoice_with_taxes_added_by_stripe_is_refused(world: World, account: StripeAccountId) -> None:
    real = world.ports

    class TaxingStripe:
        def __getattr__(self, name: str) -> Any:
            return getattr(real.stripe, name)

        def add_lines(self, *args: Any) -> Any:
            fact = real.stripe.add_lines(*args)
            return replace(fact, total=fact.total + 100)

    with pytest.raises(Refused, match=r"1\.00 USD more than POM ordered"):
        create_invoice(order(), ports_with(real, stripe=TaxingStripe()))
    assert_nothing_left(world, account)


def test_a_draft_finalized_by_hand_is_not_taken_back(world: World, account: StripeAccountId) -> None:
    real = world.ports

    class MeddlingStripe:
        def __getattr__(self, name: str) -> Any:
            return getattr(real.stripe, name)

        def send(self, account_id: StripeAccountId, stripe_id: str, key: str) -> Any:
            world.client.v1.invoices.finalize_invoice(stripe_id, None, {"stripe_account": account_id})
            raise refusal()

    def refusal() -> Refused:
        from chalicelib.domain.errors import StripeRefused

        return StripeRefused("stripe_refused", "No.")

    invoice = create_invoice(order(), ports_with(real, stripe=MeddlingStripe()))
    assert invoice.status is InvoiceStatus.PENDING
    assert differences(world.double.ledger(account), [invoice]) == []


def test_a_concurrent_sync_and_two_invoices_make_one_stripe_customer(world: World) -> None:
    account = world.connect()
    world.customer()
    real = world.ports

    class RacingStripe:
        """A gateway on which other workers create the customer while the first worker searches for it."""

        def __init__(self, rival: Callable[[], object]) -> None:
            self._rival: Callable[[], object] | None = rival

        def __getattr__(self, name: str) -> Any:
            return getattr(real.stripe, name)

        def find_customers(self, *args: Any) -> Any:
            matches = real.stripe.find_customers(*args)
            rival, self._rival = self._rival, None
            if rival:
                rival()
            return matches

    racing = RacingStripe(lambda: (world.work(), world.invoice("svc_2")))
    first = create_invoice(order("svc_1"), ports_with(real, stripe=racing))
    assert first.status is InvoiceStatus.PENDING
    assert len(world.in_stripe(account, "customer")) == 1
    assert len(world.in_stripe(account)) == 2


def test_an_invoice_uses_the_default_currency_of_its_account(world: World) -> None:
    world.connect(account=world.account(default_currency="cad"))
    world.customer()
    assert world.invoice().order.currency == "cad"


def test_creating_an_invoice_reads_the_connection_once(world: World, account: StripeAccountId) -> None:
    boundaries = count_calls(world)
    world.invoice()
    stop_counting(world)
    assert boundaries.reads.count("connections.get") == 1
    assert isinstance(world.ports.connections.get(ORGANIZATION), Connection)

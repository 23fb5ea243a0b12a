"""`erase`: a customer, an organization, and again after a restore, with the stores' own tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import click
import pytest
import stripe

from chalicelib.adapters.tables.database import NAMES
from chalicelib.domain.batch_errors import ItemError
from chalicelib.domain.customer_fields import Profile
from chalicelib.domain.customer_save import Save
from chalicelib.domain.erasure import ErasureStatus, InStripe
from chalicelib.domain.errors import Conflict
from chalicelib.domain.events import API_VERSION
from chalicelib.domain.identifiers import CustomerId
from chalicelib.domain.settings import InvoicingSettings
from chalicelib.domain.status import InvoiceStatus
from chalicelib.domain.trial import Trial
from chalicelib.usecases.bulk.import_customers import ImportCustomers, Row, import_customers
from chalicelib.usecases.connecting import connect
from chalicelib.usecases.customers.customers import put_customer
from chalicelib.usecases.invoicing import invoicing_settings
from chalicelib.usecases.invoicing.store_invoice import store
from infra.ops.erasure_log import logged_erasures
from infra.ops.erasure_rows import WAITS_LONG_AFTER, unfinished_erasures
from infra.ops.troubles import of_erasures
from infra.stripe_double import InProcessClient
from tests.backends import Aws, aws
from tests.ops.rehearsed_town import BLUE, GREEN, HOUR, RehearsedTown
from tests.ops.rehearsing import Rehearsal
from tests.releases.stored_types import text_of
from tests.world import ADMIN

__all__ = ["aws"]

DAY = 24 * HOUR
SHIBBOLETH = "Zyxwvut"
"""Stands in every text that the organization and its customers gave."""


@pytest.fixture
def rehearsal(aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Rehearsal]:
    """Plays the companies of two towns, each with a paid invoice, settings, an import and a connection test."""
    town = RehearsedTown(7, (BLUE, GREEN))
    for organization in (BLUE, GREEN):
        for number in range(3):
            put_customer(organization, CustomerId(f"cust_{number}"), save(SHIBBOLETH), town.ports)
        settings = InvoicingSettings(organization, memo=f"Thank you, {SHIBBOLETH}", footer=f"{SHIBBOLETH} Pools")
        invoicing_settings.change(organization, settings, town.ports)
        import_error = ItemError("email_invalid", f"{SHIBBOLETH} is no address.", None)
        rows = (Row(CustomerId("cust_0"), save(SHIBBOLETH)), Row(CustomerId("cust_1"), None, import_error))
        import_customers(ImportCustomers(organization, ADMIN, "key", "print", rows), town.ports)
        account_id = town.ports.connections.get(organization).account_id
        assert account_id is not None
        town.ports.connections.begin_trial(organization, Trial(account_id, "run", town.ports.clock.now()))
        town.work()
        town.bills(organization, ("svc_1",), send=True)
        town.work()
        pays(town, organization)
    new_rehearsal = Rehearsal(town, aws.prefix, monkeypatch, capsys)
    yield new_rehearsal
    new_rehearsal.clears_up()


def pays(town: RehearsedTown, organization: Any) -> None:
    """Pays all open invoices of an organization by card."""
    for bill in town.table(organization, "invoice"):
        if bill["status"] == "open":
            town.double.pay(town.accounts[organization], bill["id"], "pm_card_visa")
    town.deliver()
    town.work()


def time_passes(town: RehearsedTown, seconds: int) -> None:
    """Runs the schedule, which starts all due work."""
    town.advance(seconds)
    town.resume()
    town.work()


def save(name: str) -> Save:
    return Save(Profile(first_name=name, last_name=name, email=f"{name}@pool.test", phone=name))


def holding(prefix: str, text: str, organization: str) -> list[str]:
    """Returns the tables that hold the text in an item of the organization, deflated documents included."""
    client, tables = boto3.client("dynamodb"), []
    for name in NAMES.values():
        for item in client.scan(TableName=prefix + name)["Items"]:
            shown = repr(item) + (str(text_of(item)) if "packed" in item or "document" in item else "")
            if text in shown and organization in shown:
                tables.append(name)
    return tables


# An organization


def test_erasing_a_connected_organization_is_refused_with_the_next_step(rehearsal: Rehearsal) -> None:
    status, document = rehearsal.does("erase", BLUE, "--in-stripe", "keep", "--yes")
    assert (status, "An admin disconnects it" in document["failures"][0]) == (1, True)
    rehearsal.town.leaves(BLUE)
    status, document = rehearsal.does("erase", BLUE, "--in-stripe", "delete", "--yes")
    assert (status, "cannot delete its Stripe customers" in document["failures"][0]) == (1, True)
    assert SHIBBOLETH in str(rehearsal.town.ports.settings.get(BLUE))


def test_erasing_an_organization_with_an_open_invoice_is_refused_and_names_the_invoice(rehearsal: Rehearsal) -> None:
    town = rehearsal.town
    town.bills(BLUE, ("svc_2",), send=True)
    town.work()
    [open_invoice] = [each for each in town.invoices(BLUE) if each.status is InvoiceStatus.PENDING]
    town.leaves(BLUE)
    status, document = rehearsal.does("erase", BLUE, "--in-stripe", "keep", "--yes")
    [row] = document["unsettled"]
    assert (status, row["what"], row["id"]) == (1, "invoice_open", open_invoice.id)
    assert town.ports.connections.get(BLUE).erased_at is None


def test_an_erased_organization_has_no_texts_and_its_books_stay(rehearsal: Rehearsal) -> None:
    town = rehearsal.town
    before = {each.id: (each.total, each.paid_amount, each.facts.invoice) for each in town.invoices(BLUE)}
    money = town.ports.summaries.tallies(BLUE, None)
    other_records = holding(rehearsal.prefix, SHIBBOLETH, GREEN)
    assert {"connections", "customers", "batches"} <= set(holding(rehearsal.prefix, SHIBBOLETH, BLUE))
    town.leaves(BLUE)

    assert rehearsal.does("erase", BLUE, "--in-stripe", "keep", "--dry-run")[1]["wouldErase"] == 3
    assert town.ports.connections.get(BLUE).erased_at is None
    status, document = rehearsal.does("erase", BLUE, "--in-stripe", "keep", "--yes")
    assert (status, document["finished"]) == (0, False)
    time_passes(town, HOUR)
    time_passes(town, DAY + HOUR)
    status, document = rehearsal.does("erase", BLUE, "--in-stripe", "keep", "--yes")
    assert (status, document["finished"]) == (0, True)
    assert {row["erased"] for row in document["own"]} == {0}, "the first time did all of it"

    assert holding(rehearsal.prefix, SHIBBOLETH, BLUE) == []
    account = town.ports.connections.get(BLUE).account
    assert account is not None
    assert (account.business_name, account.support_email, account.support_phone) == (None, None, None)
    assert town.ports.connections.trial(BLUE) is None
    assert holding(rehearsal.prefix, SHIBBOLETH, GREEN) == other_records, "nothing of anybody else was touched"
    after = {each.id: (each.total, each.paid_amount, each.facts.invoice) for each in town.invoices(BLUE)}
    assert {name: row[:2] for name, row in after.items()} == {name: row[:2] for name, row in before.items()}
    assert [row[2].number for row in after.values() if row[2]] == [row[2].number for row in before.values() if row[2]]
    assert town.ports.summaries.tallies(BLUE, None) == money
    assert town.wrong_tallies() == []


def test_an_erased_organization_can_neither_connect_nor_save_anything(rehearsal: Rehearsal) -> None:
    town = rehearsal.town
    town.leaves(BLUE)
    rehearsal.does("erase", BLUE, "--in-stripe", "keep", "--yes")
    rows = (Row(CustomerId("cust_9"), save("New")),)
    for request in (
        lambda: connect.begin(BLUE, ADMIN, town.ports, redirect_uri="https://pom.test/callback"),
        lambda: put_customer(BLUE, CustomerId("cust_9"), save("New"), town.ports),
        lambda: import_customers(ImportCustomers(BLUE, ADMIN, "later", "print", rows), town.ports),
        lambda: invoicing_settings.change(BLUE, InvoicingSettings(BLUE), town.ports),
        lambda: town.connect(BLUE, town.accounts[BLUE]),
    ):
        with pytest.raises(Conflict) as refusal:
            request()
        assert refusal.value.code == "organization_erased"
    assert not town.ports.connections.get(BLUE).active


def test_a_connection_that_began_before_the_erasure_cannot_be_completed(rehearsal: Rehearsal) -> None:
    town = rehearsal.town
    tombstone = town.ports.connections.get(BLUE).erased(town.ports.clock.now())
    account = tombstone.account
    assert account is not None
    with pytest.raises(Conflict, match="organization_erased"):
        tombstone.activated(account, town.accounts[BLUE], livemode=False, by=ADMIN, now=1)  # type: ignore[arg-type]


def test_the_customers_of_a_connected_organization_are_deleted_in_stripe_before_it_disconnects(
    rehearsal: Rehearsal,
) -> None:
    town = rehearsal.town
    status, document = rehearsal.does("erase", BLUE, "--in-stripe", "delete", "--yes")
    assert (status, document["finished"], "own" in document) == (0, False, False)
    time_passes(town, HOUR)
    time_passes(town, DAY + HOUR)
    assert [each["id"] for each in town.table(BLUE, "customer") if not each.get("deleted")] == []
    _, document = rehearsal.does("erase", BLUE, "--in-stripe", "delete", "--yes")
    assert {row["erasure"]: row["customers"] for row in document["customers"]}["erased"] == 3
    assert document["finished"] is False
    town.leaves(BLUE)
    _, document = rehearsal.does("erase", BLUE, "--in-stripe", "keep", "--yes")
    assert document["finished"] is True


def test_answering_no_erases_nothing(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object, **__: object) -> bool:
        raise click.Abort

    rehearsal.town.leaves(BLUE)
    monkeypatch.setattr("click.confirm", no)
    assert rehearsal.does("erase", BLUE, "--in-stripe", "keep")[0] == 130
    assert rehearsal.does("erase", BLUE, "--customer", "cust_1", "--in-stripe", "keep")[0] == 130
    assert rehearsal.town.ports.connections.get(BLUE).erased_at is None


def test_an_option_must_say_whether_customers_are_deleted_in_stripe(rehearsal: Rehearsal) -> None:
    assert rehearsal.does("erase", BLUE, "--yes")[0] == 2
    assert rehearsal.does("erase", "--in-stripe", "keep")[0] == 2


# A customer


def test_erasing_a_customer_has_the_same_result_as_the_api(rehearsal: Rehearsal) -> None:
    town, words = rehearsal.town, ("erase", BLUE, "--customer", "cust_1", "--in-stripe", "keep")
    assert rehearsal.does(*words, "--dry-run")[1]["wouldErase"] == 1
    [row] = rehearsal.does(*words, "--yes")[1]["erasures"]
    assert (row["erasure"], row["requested_by"], row["in_stripe"]) == ("waiting", "operator", "keep")
    time_passes(town, HOUR)
    time_passes(town, DAY + HOUR)
    [row] = rehearsal.does(*words, "--yes")[1]["erasures"]
    assert row["erasure"] == "erased"
    other_records = [town.ports.customers.get(BLUE, CustomerId(f"cust_{each}")) for each in (0, 2)]
    assert [each.erasure if each else None for each in other_records] == [None, None]


def test_erasing_a_customer_with_an_open_invoice_is_refused_and_names_the_invoice(rehearsal: Rehearsal) -> None:
    town = rehearsal.town
    town.bills(BLUE, ("svc_2",), send=True)
    town.work()
    [open_invoice] = [each for each in town.invoices(BLUE) if each.status is InvoiceStatus.PENDING]
    words = ("erase", BLUE, "--customer", open_invoice.order.customer_id, "--in-stripe", "keep", "--yes")
    status, document = rehearsal.does(*words)
    assert (status, [row["id"] for row in document["unsettled"]]) == (1, [open_invoice.id])
    assert document["unsettled"][0]["to_do"].startswith("Void the invoice")


# What operators are shown


def test_explain_shows_who_erased_a_customer_and_when(rehearsal: Rehearsal) -> None:
    town = rehearsal.town
    customer_id = next(each.order.customer_id for each in town.invoices(BLUE))
    rehearsal.does("erase", BLUE, "--customer", customer_id, "--in-stripe", "keep", "--yes")
    status, document = rehearsal.does("explain", customer_id, "--organization", BLUE)
    [row] = document["erasure"]
    assert (status, row["erasure"], row["requested_by"]) == (0, "waiting", "operator")
    assert "operator asked POM to erase the person at 20" in document["explanation"]
    time_passes(town, HOUR)
    time_passes(town, DAY + HOUR)
    document = rehearsal.does("explain", customer_id, "--organization", BLUE)[1]
    assert document["erasure"][0]["erasure"] == "erased"
    assert "The person is erased." in document["explanation"]
    assert SHIBBOLETH not in json.dumps(document)


def test_explain_shows_why_an_erasure_waits(rehearsal: Rehearsal, tmp_path: Path) -> None:
    town = rehearsal.town
    town.bills(BLUE, ("svc_2",), send=True)
    town.work()
    [open_invoice] = [each for each in town.invoices(BLUE) if each.status is InvoiceStatus.PENDING]
    again(rehearsal, tmp_path, open_invoice.order.customer_id)
    time_passes(town, HOUR)
    document = rehearsal.does("explain", open_invoice.order.customer_id, "--organization", BLUE)[1]
    [row] = document["waitsFor"]
    assert (row["what"], row["id"]) == ("invoice_open", open_invoice.id)


def test_explain_of_an_invoice_says_whether_the_person_is_erased_from_it(rehearsal: Rehearsal) -> None:
    town = rehearsal.town
    [invoice] = town.invoices(BLUE)
    rehearsal.does("erase", BLUE, "--customer", invoice.order.customer_id, "--in-stripe", "keep", "--yes")
    assert rehearsal.does("explain", "invoice", BLUE, invoice.id)[1]["erasure"] is None
    time_passes(town, HOUR)
    document = rehearsal.does("explain", "invoice", BLUE, invoice.id)[1]
    assert document["erasure"].startswith("20")
    assert SHIBBOLETH not in json.dumps(document)


def test_explain_shows_who_erased_an_organization(rehearsal: Rehearsal) -> None:
    rehearsal.town.leaves(BLUE)
    rehearsal.does("erase", BLUE, "--in-stripe", "keep", "--yes", "--by", "Ada")
    document = rehearsal.does("explain", "organization", BLUE)[1]
    values_by_row = {row["what"]: row["is"] for row in document["organization"]}
    assert values_by_row["erased"].startswith("20")
    assert "Ada" in json.dumps(document["acts"])


def test_an_event_about_an_erased_person_is_explained(rehearsal: Rehearsal) -> None:
    town = rehearsal.town
    rehearsal.does("erase", BLUE, "--customer", "cust_1", "--in-stripe", "keep", "--yes")
    time_passes(town, HOUR)
    customer = town.ports.customers.get(BLUE, CustomerId("cust_1"))
    assert customer is not None
    rename_in_dashboard(town, str(customer.linked_id))
    town.deliver()
    town.work()
    client, table = boto3.client("dynamodb"), f"{rehearsal.prefix}events"
    [event] = [each for each in client.scan(TableName=table)["Items"] if each["outcome"]["S"] == "erased"]
    document = rehearsal.does("explain", "event", BLUE, event["event_id"]["S"])[1]
    assert "about a person who was erased" in document["explanation"]
    assert SHIBBOLETH not in str(town.ports.customers.get(BLUE, CustomerId("cust_1")))


def rename_in_dashboard(town: RehearsedTown, stripe_customer_id: str) -> None:
    """Names the Stripe customer in Stripe, as the company does."""
    key = f"sk_test_{town.accounts[BLUE]}"
    client = stripe.StripeClient(key, stripe_version=API_VERSION, http_client=InProcessClient(town.double))
    client.v1.customers.update(stripe_customer_id, {"name": SHIBBOLETH})


def again(rehearsal: Rehearsal, directory: Path, customer: str) -> None:
    """Closes a customer although something of it is not settled, as after a restore."""
    file = directory / "erased.txt"
    file.write_text(line(customer))
    assert rehearsal.does("erase", "--again", str(file))[0] == 0


def test_an_invoice_that_an_older_release_wrote_again_is_erased_by_the_log(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """A release that knows no erasures drops `erased_at` when it writes, and has the texts from Stripe again."""
    town = rehearsal.town
    [invoice] = town.invoices(BLUE)
    customer = invoice.order.customer_id
    rehearsal.does("erase", BLUE, "--customer", customer, "--in-stripe", "keep", "--yes")
    time_passes(town, HOUR)
    time_passes(town, DAY + HOUR)
    erased_customer = town.ports.customers.get(BLUE, customer)
    assert erased_customer is not None
    assert erased_customer.erasure is not None
    assert erased_customer.erasure.status is ErasureStatus.ERASED
    [erased_invoice] = town.invoices(BLUE)
    assert erased_invoice.order.memo is None
    written = replace(erased_invoice, order=replace(erased_invoice.order, memo=SHIBBOLETH), erased_at=None)
    store(erased_invoice, lambda _: written.changed(town.ports.clock.now()), town.ports)
    assert town.invoices(BLUE)[0].order.memo == SHIBBOLETH

    again(rehearsal, tmp_path, customer)
    time_passes(town, HOUR)

    [invoice] = town.invoices(BLUE)
    assert invoice.erased_at is not None
    assert invoice.order.memo is None


def test_status_shows_unfinished_erasures_and_reports_overdue_erasures_as_a_trouble(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    town = rehearsal.town
    stage = town.stage(rehearsal.prefix)
    town.bills(BLUE, ("svc_2",), send=True)
    town.work()
    [open_invoice] = [each for each in town.invoices(BLUE) if each.status is InvoiceStatus.PENDING]
    again(rehearsal, tmp_path, open_invoice.order.customer_id)
    time_passes(town, HOUR)
    [row] = unfinished_erasures(stage)
    assert (row["customer"], row["erasure"]) == (open_invoice.order.customer_id, "waiting")
    assert (row["waits_for"], row["problem"]) == (f"invoice_open {open_invoice.id}", None)
    assert list(of_erasures([row])) == []

    town.advance(WAITS_LONG_AFTER)
    [row] = unfinished_erasures(stage)
    assert row["problem"].startswith("overdue for 20 d"), "nobody went on with it"
    time_passes(town, HOUR)
    [row] = unfinished_erasures(stage)
    assert row["problem"].startswith("waits for 21 d")
    [trouble] = of_erasures([row])
    assert (trouble.run_book, trouble.is_known) == ("erasures.md", True)


# Again


def line(customer: str, in_stripe: str = "keep") -> str:
    """Returns a log line of the function `erasures`."""
    fields = {"organization_id": BLUE, "customer_id": customer, "status": "erased", "in_stripe": in_stripe}
    return json.dumps({"level": "INFO", "message": "erasure", "request_id": "r", **fields})


def test_each_customer_of_the_log_lines_is_erased_again_once(rehearsal: Rehearsal, tmp_path: Path) -> None:
    file = tmp_path / "erased.txt"
    file.write_text("\n".join([line("cust_1", "delete"), line("cust_1", "delete"), "", line("cust_gone")]))
    assert rehearsal.does("erase", "--again", str(file), "--dry-run")[1]["repeated"] == 2
    customer = rehearsal.town.ports.customers.get(BLUE, CustomerId("cust_1"))
    assert customer is not None
    assert not customer.erased

    assert rehearsal.does("erase", "--again", str(file))[1]["repeated"] == 2
    assert rehearsal.does("erase", "--again", str(file))[1]["repeated"] == 0
    customer = rehearsal.town.ports.customers.get(BLUE, CustomerId("cust_1"))
    assert customer is not None
    assert customer.erasure is not None
    assert customer.erasure.in_stripe is InStripe.DELETE


def test_a_customer_without_a_record_gets_a_tombstone_that_keeps_it_from_being_saved(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    file = tmp_path / "erased.txt"
    file.write_text(line("cust_gone"))
    rehearsal.does("erase", "--again", str(file))
    time_passes(rehearsal.town, HOUR)
    time_passes(rehearsal.town, DAY + HOUR)
    customer = rehearsal.town.ports.customers.get(BLUE, CustomerId("cust_gone"))
    assert customer is not None
    assert customer.erasure is not None
    assert customer.erasure.status is ErasureStatus.ERASED


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"message": "work", "organization_id": "o", "customer_id": "c"}'])
def test_a_file_with_an_unknown_line_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(click.BadParameter, match="Line 2 "):
        logged_erasures([line("cust_1"), text])


def test_the_option_again_needs_a_name_and_allows_no_other_option(rehearsal: Rehearsal, tmp_path: Path) -> None:
    file = tmp_path / "erased.txt"
    file.write_text(line("cust_1"))
    assert rehearsal.does("erase", BLUE, "--again", str(file))[0] == 2

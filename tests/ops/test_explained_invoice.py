"""The output of `explain invoice` on a screen of 80 columns, and in JSON."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.errors import NotFound
from chalicelib.domain.events import NOTHING_NEW, SUBSCRIPTION, LoggedEvent
from infra.ops.explain import explain_invoice, explain_organization
from infra.ops.invoice_lines import event_lines, event_row
from infra.ops.screen import Screen
from tests.usecases.invoicing.refunding import Company
from tests.world import ORGANIZATION

STRIPE_ID = re.compile(r"\b(?:in|pi|ch|re|du|evt|inpay)_\w+")
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Company:
    """A company whose customer failed to pay and then paid. The operator's screen has 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    new_company = Company(paid=False)
    stripe_id = new_company.now.stripe_invoice_id or ""
    new_company.world.double.pay(new_company.account, stripe_id, decline=("card_declined", "insufficient_funds"))
    new_company.world.deliver()
    new_company.world.advance(60)
    new_company.payment_id = new_company.pays()
    return new_company


def document(company: Company) -> dict[str, Any]:
    screen = Screen(as_json=True)
    _run(company, screen, explain_invoice.callback, ORGANIZATION, company.invoice.id)
    return screen.document


def printed_text(company: Company, capsys: pytest.CaptureFixture[str]) -> str:
    _run(company, Screen(), explain_invoice.callback, ORGANIZATION, company.invoice.id)
    return capsys.readouterr().out


def part(out: str, title: str) -> list[str]:
    """Returns the lines below a title, as far as they begin with a time, and those that go on below them."""
    lines = out.splitlines()
    [at] = [number for number, line in enumerate(lines) if line.startswith(title)]
    below = lines[at + 1 :]
    end = next((number for number, line in enumerate(below) if not re.match(f"{TIME}|Arrived|    ", line)), None)
    return below[:end]


def _run(company: Company, screen: Screen, command: Callable[..., Any] | None, *words: str) -> None:
    assert command is not None
    inspect.unwrap(command)(SimpleNamespace(ports=company.world.ports), screen, *words)


def open_dispute(company: Company) -> None:
    """The customer disputes 3.00 of the payment."""
    [charge] = [each for each in company.now.facts.charges.values() if each.status == "succeeded"]
    company.world.double.open_dispute(company.account, charge.id, amount=300)
    company.world.deliver()


def without_ids(lines: list[str]) -> list[str]:
    return [re.sub(r"  (?:in|pi|ch|re|du)_\w+$", "", re.sub(rf"^{TIME}  ", "", line)) for line in lines]


def test_a_timeline_has_one_line_for_each_entry(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    company.refunds(amount="20")
    company.world.deliver()

    assert without_ids(part(printed_text(company, capsys), "Timeline (UTC)")) == [
        "Created (user_office)",
        "Sent to ann@example.test (user_office)",
        "Payment failed: 75.00 USD by Visa 4242, insufficient funds",
        "Paid: 75.00 USD by Visa 4242",
        "Refunded: 20.00 USD to Visa 4242 (user_admin)",
    ]


def test_a_payment_and_an_event_are_one_line_each(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    company.refunds(amount="20")
    company.world.deliver()
    out, explanation = printed_text(company, capsys), document(company)

    assert without_ids(part(out, "Payments (UTC)")) == ["Paid: 75.00 USD by Visa 4242, 20.00 USD refunded"]
    heading, *events = part(out, "Event log (UTC)")
    assert heading.split() == ["Arrived", "Lag", "Type", "Outcome", "Again"]
    assert len(events) == len(explanation["events"]) > 5
    for line, event in zip(events, explanation["events"], strict=True):
        assert re.fullmatch(rf"{TIME} +\d+ s +{re.escape(event['type'])} +(applied|nothing new) +0", line)


@pytest.mark.parametrize("lag", [0, 119, 7199, 40 * 86_400])
def test_every_type_of_event_fits_into_80_columns(lag: int) -> None:
    at = 1_800_000_000
    log = [
        LoggedEvent(f"evt_{number}", event_type, at - lag, at, NOTHING_NEW, repeated=12)
        for number, event_type in enumerate(SUBSCRIPTION)
    ]

    heading, lines = event_lines([event_row(event) for event in log])

    shortest = [forms[-1] for forms in lines]
    assert max(map(len, (heading, *shortest))) <= 80
    assert all(line.endswith("12") for line in shortest)
    assert [forms[0].split()[-1] for forms in lines] == [event.id for event in log]


def test_nothing_is_wider_than_80_columns_and_no_id_is_broken(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    company.refunds(amount="20", reason="requested_by_customer")
    open_dispute(company)
    out, explanation = printed_text(company, capsys), str(document(company))
    lines = [line for line in out.splitlines() if line != document(company)["explanation"]]

    assert max(map(len, lines)) <= 80
    assert len(lines) < 80
    ids_in_document = set(STRIPE_ID.findall(explanation))
    ids_on_screen = set(STRIPE_ID.findall(out))
    assert ids_on_screen <= ids_in_document
    assert {each for each in ids_on_screen if each.startswith(("in_", "pi_", "ch_", "re_", "du_"))}


def test_a_refund_with_its_reason_and_who_ordered_it_is_one_line(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    company.refunds(amount="20", reason="requested_by_customer")
    company.world.deliver()

    *_, refund_line = without_ids(part(printed_text(company, capsys), "Timeline (UTC)"))

    assert refund_line == "Refunded: 20.00 USD, requested by customer (user_admin)"


def test_a_line_wider_than_the_screen_is_wrapped_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    stripe_id = "ch_" + "1" * 60
    line = f"2026-11-28 20:30:00  Paid: 75.00 USD by Visa 4242  {stripe_id}"

    Screen().lines("timeline", "Timeline", [{"at": "2026-11-28T20:30:00Z"}], [[line]])

    _, _, first_line, second_line = capsys.readouterr().out.splitlines()
    assert (first_line, second_line) == ("2026-11-28 20:30:00  Paid: 75.00 USD by Visa 4242", f"    {stripe_id}")


def test_a_disputed_payment_is_still_one_line(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    company.refunds(amount="20")
    open_dispute(company)

    assert without_ids(part(printed_text(company, capsys), "Payments (UTC)")) == [
        "Paid: 75.00 USD by Visa 4242, 20.00 USD refunded, disputed"
    ]


def test_a_wider_screen_shows_addresses_evidence_and_ids(
    company: Company, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_dispute(company)
    monkeypatch.setenv("COLUMNS", "160")
    out, explanation = printed_text(company, capsys), document(company)

    assert "Sent to ann@example.test" in out
    assert re.search(rf"Dispute opened: 3\.00 USD, \w[\w ]*, evidence is due {TIME}", out)
    for row in explanation["events"]:
        assert row["id"] in out
    for row in explanation["timeline"]:
        assert row["stripe_id"] is None or row["stripe_id"] in out


def test_a_refund_with_an_unknown_outcome_shows_its_amount_and_when_pom_retries(
    company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Ordered refunds with an unknown outcome (UTC): none" in printed_text(company, capsys)
    company.loses_the_answer("close_before")
    company.refunds(amount="20")
    explanation = document(company)

    [order] = explanation["refundOrders"]
    assert (order["amount"], order["currency"], order["by"], order["payment"]) == (
        "20.00",
        "usd",
        "user_admin",
        company.payment_id,
    )
    assert order["resumes"] == explanation["invoice"][0]["resumes"]
    [line] = part(printed_text(company, capsys), "Ordered refunds with an unknown outcome (UTC)")
    assert re.fullmatch(rf"{TIME}  20\.00 USD \(user_admin\); POM resumes at {TIME}", line)


def test_json_has_amounts_as_numbers_next_to_their_currency_and_methods_as_objects(company: Company) -> None:
    explanation = document(company)

    [invoice], [payment] = explanation["invoice"], explanation["payments"]
    assert (invoice["total"], invoice["paid"], invoice["currency"]) == ("75.00", "75.00", "usd")
    assert (payment["amount"], payment["currency"]) == ("75.00", "usd")
    assert (payment["method"]["type"], payment["method"]["brand"], payment["method"]["last4"]) == (
        "card",
        "visa",
        "4242",
    )
    sent_entry, paid_entry = explanation["timeline"][1], explanation["timeline"][-1]
    assert (paid_entry["amount"], paid_entry["currency"], paid_entry["method"]) == ("75.00", "usd", payment["method"])
    assert (sent_entry["method"], sent_entry["to"]) == (None, "ann@example.test")


def test_an_error_names_the_next_command(company: Company) -> None:
    with pytest.raises(NotFound) as error:
        _run(company, Screen(as_json=True), explain_invoice.callback, ORGANIZATION, "inv_nothing")
    assert error.value.message == f"{ORGANIZATION} has no invoice inv_nothing."
    assert "`status`" in str(error.value.next_step)
    assert "pom_invoice_id" in str(error.value.next_step)

    with pytest.raises(NotFound) as error:
        _run(company, Screen(as_json=True), explain_organization.callback, "org_nobody")
    assert "`status`" in str(error.value.next_step)

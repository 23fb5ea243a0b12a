"""The actions on the dashboard's pages of payments, disputes and payouts, and their results in the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from infra.stripe_double import DAY
from tests.stripe_double.browser import Browser
from tests.stripe_double.conftest import Company


def objects(company: Company, kind: str) -> list[Any]:
    """Returns the account's objects of a kind, oldest first."""
    ledger_objects: list[Any] = company.double.ledger(company.account)["objects"].get(kind, [])
    return ledger_objects


def test_refund_refunds_the_remaining_amount(alone: Company, browser: Browser) -> None:
    browser.open(f"payments/{alone.paid().id}")

    said = browser.press("Refund")

    assert "The refund was made." in said
    assert [each["amount"] for each in objects(alone, "refund")] == [10_000]
    assert "Refunded" in said
    assert "Refund" not in browser.buttons()


def test_refund_can_refund_a_part(alone: Company, browser: Browser) -> None:
    browser.open(f"payments/{alone.paid().id}")

    said = browser.press("Refund", amount="12.5")

    assert [each["amount"] for each in objects(alone, "refund")] == [1_250]
    assert "Refunded in part" in said
    assert "up to 87.50" in said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter an amount such as 123.45."),
        ("ten", "Enter an amount such as 123.45."),
        ("-5", "Enter an amount such as 123.45."),
        ("1,00", "Enter an amount such as 123.45."),
        ("\u0665", "Enter an amount such as 123.45."),
        ("0.00", "The amount must be more than zero."),
        ("1.001", "An amount of USD has at most 2 decimals."),
        ("100.01", "is greater than unrefunded amount on charge"),
    ],
)
def test_a_wrong_amount_is_refused_beside_its_input(alone: Company, browser: Browser, typed: str, said: str) -> None:
    browser.open(f"payments/{alone.paid().id}")

    text = browser.press("Refund", amount=typed)

    assert browser.status == 400
    assert said in text
    assert "<title>Error: " in browser.html
    assert f'name="amount" value="{typed}" autocomplete=off aria-invalid=true' in browser.html
    assert 'id="refund-amount-problem"' in browser.html
    assert objects(alone, "refund") == []


@pytest.mark.parametrize(("typed", "amount"), [("1,234.50", 123_450), (" 7 ", 700), ("7.", 700)])
def test_an_amount_may_have_commas_spaces_or_a_trailing_point(
    alone: Company, browser: Browser, typed: str, amount: int
) -> None:
    browser.open(f"payments/{alone.paid(200_000).id}")

    browser.press("Refund", amount=typed)

    assert [each["amount"] for each in objects(alone, "refund")] == [amount]


def test_stripes_own_refusal_is_shown_in_words(alone: Company, browser: Browser) -> None:
    charge = alone.paid()
    browser.open(f"payments/{charge.id}")
    alone.double.update_account(alone.account, covers_refunds=False)

    assert "Insufficient funds in your Stripe balance" in browser.press("Refund")
    assert browser.status == 400


def test_a_refusal_is_shown_even_if_its_form_is_gone(alone: Company, browser: Browser) -> None:
    charge = alone.paid()
    browser.open(f"payments/{charge.id}")
    alone.double.refund_charge(alone.account, charge.id)

    assert "has already been refunded" in browser.press("Refund")
    assert "role=alert" in browser.html


def test_a_refund_that_is_pending_can_succeed(alone: Company, browser: Browser) -> None:
    invoice = alone.open()
    alone.pay(invoice, "pm_card_pendingRefund")
    alone.double.refund_charge(alone.account, alone.charge(invoice).id)
    browser.open(f"payments/{alone.charge(invoice).id}")

    browser.press("Let it succeed")

    assert [each["status"] for each in objects(alone, "refund")] == ["succeeded"]


def test_a_refund_can_fail_after_it_has_succeeded(alone: Company, browser: Browser) -> None:
    charge = alone.paid()
    alone.double.refund_charge(alone.account, charge.id, amount=500)
    alone.double.refund_charge(alone.account, charge.id, amount=600)
    browser.open(f"payments/{charge.id}")

    browser.press("Let it fail")

    assert [each["status"] for each in objects(alone, "refund")] == ["succeeded", "failed"]


def test_a_bank_debit_arrives(alone: Company, browser: Browser) -> None:
    invoice = alone.open()
    intent = alone.pay(invoice, "pm_usBankAccount")["payment_intent"]
    browser.open(f"payments/{intent}")

    said = browser.press("Let it arrive now")

    assert "The bank debit has arrived." in said
    assert alone.get(invoice).status == "paid"


def test_a_bank_debit_fails_for_the_reason_that_was_chosen(alone: Company, browser: Browser) -> None:
    invoice = alone.open()
    intent = alone.pay(invoice, "pm_usBankAccount")["payment_intent"]
    browser.open(f"payments/{intent}")

    browser.press("Let it fail", reason="account_closed")

    assert alone.intent(invoice).last_payment_error.code == "account_closed"
    assert alone.get(invoice).status == "open"


def test_a_dispute_is_opened_responded_to_and_lost(alone: Company, browser: Browser) -> None:
    browser.open(f"payments/{alone.paid().id}")
    browser.press("Open a dispute", reason="product_not_received")
    [dispute] = objects(alone, "dispute")
    assert (dispute["status"], dispute["reason"]) == ("needs_response", "product_not_received")
    assert "Open a dispute" not in browser.buttons()

    browser.open(f"disputes/{dispute['id']}")
    browser.press("The company responds: under review")
    assert browser.buttons() == ["The company wins", "The company loses"]
    browser.press("The company loses")

    assert [each["status"] for each in objects(alone, "dispute")] == ["lost"]


def test_a_dispute_is_won_and_then_closed(alone: Company, browser: Browser) -> None:
    dispute = alone.double.open_dispute(alone.account, alone.paid().id)
    browser.open(f"disputes/{dispute['id']}")

    assert "The dispute is closed." in browser.press("The company wins")
    assert [each["status"] for each in objects(alone, "dispute")] == ["won"]
    assert browser.buttons() == []


def test_every_button_of_a_dispute_is_a_move_that_stripe_allows(alone: Company, browser: Browser) -> None:
    pressed, paths = set[str](), [()]
    while paths:
        path = paths.pop()
        reason = "inquiry" if len(pressed) % 2 else "fraudulent"
        dispute = alone.double.open_dispute(alone.account, alone.paid().id, reason=reason)
        browser.open(f"disputes/{dispute['id']}")
        for button in path:
            if button in browser.buttons():
                browser.press(button)
                assert browser.status == 200
        new = [each for each in browser.buttons() if each not in pressed]
        pressed.update(new)
        paths += [(*path, each) for each in new]

    assert "The company wins" in pressed


def test_the_available_balance_is_paid_out_with_its_lines(alone: Company, browser: Browser) -> None:
    alone.paid()
    alone.double.advance(3 * DAY)
    browser.open("payouts")

    browser.press("Pay out $96.80 now")

    [payout] = objects(alone, "payout")
    assert payout["amount"] == 9_680
    lines = browser.open(f"payouts/{payout['id']}")
    assert "Charge Ann Diver Payment for Invoice $100.00 -$3.20 $96.80" in lines
    assert "Total $96.80" in lines


def test_a_payout_fails_and_another_bank_account_is_set(alone: Company, browser: Browser) -> None:
    alone.double.adjust(alone.account, 500)
    payout = alone.double.pay_out(alone.account)
    browser.open(f"payouts/{payout['id']}")
    browser.press("Let it fail", reason="no_account")
    [failed] = objects(alone, "payout")
    assert (failed["status"], failed["failure_code"]) == ("failed", "no_account")

    assert "which the bank has refused" in browser.open("payouts")
    browser.press("Use this bank account", bank_name="Desert Bank", last4="4321")
    browser.press("Pay out $5.00 now")

    new = objects(alone, "bank_account")[-1]
    assert (new["bank_name"], new["last4"]) == ("Desert Bank", "4321")
    assert objects(alone, "payout")[-1]["destination"] == new["id"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"last4": "12"}, "Enter four digits."), ({"bank_name": " ", "last4": "1234"}, "Enter the name of the bank.")],
)
def test_a_bank_account_needs_a_name_and_four_digits(
    alone: Company, browser: Browser, fields: dict[str, str], said: str
) -> None:
    browser.open("payouts")

    assert said in browser.press("Use this bank account", **fields)
    assert alone.double.world.ledger(alone.account).settlement.bank_last4 == "6789"


def test_a_pending_payout_is_canceled_and_a_paid_one_is_reversed(alone: Company, browser: Browser) -> None:
    alone.double.adjust(alone.account, 500)
    browser.open(f"payouts/{alone.double.pay_out(alone.account)['id']}")
    browser.press("Cancel it")
    assert [each["status"] for each in objects(alone, "payout")] == ["canceled"]

    paid = alone.double.pay_out(alone.account)["id"]
    alone.double.advance(4 * DAY)
    browser.open(f"payouts/{paid}")
    browser.press("Reverse it")

    assert objects(alone, "payout")[-1]["original_payout"] == paid
    assert browser.address.partition("?")[0].endswith(objects(alone, "payout")[-1]["id"])

"""The last act explains where the money is: deposits arrive, one fails, and each is explained to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from infra.demo import reading
from infra.demo.acts.scene import BEN, CARLA, DAN, GOOD_CARD, THE_REST, Scene
from infra.demo.people import Payer
from infra.demo.sample import CUSTOMERS, repair_of

EVA = THE_REST[0]
BANK_ACCOUNT = "000123456789"
"""One of Stripe's published test bank accounts (https://docs.stripe.com/testing#ach-direct-debit)."""

ANOTHER_BANK = "4242"
MONTHLY_FEE = 1_500
SOLD = 8_900
"""The amount of a sale in the same company's web shop, in minor units."""

NAMES = {customer.id: customer.name for customer in CUSTOMERS}


def explain_a_deposit(scene: Scene) -> None:
    """Explains the deposit that arrived while the days of the reminder passed."""
    say = scene.narrator
    say.chapter("Where the money is")
    say.quotes("Automatic payment tracking and reconciliation.")
    say.does("GET /v1/payouts: the deposit that arrived while the days passed")
    [deposit] = _deposits(scene)
    say.expects("Deposit", deposit["status"], "paid")
    _show_deposits(scene)
    _explain(scene, deposit["id"], invoices=3)
    on = reading.day_in_words(deposit["arrivesOn"])
    for customer in (BEN, CARLA):
        invoice = scene.office.get(f"/invoices/{scene.invoices[customer.id]}")
        say.expects(f"The invoice of {customer.name}", reading.where_money_is(invoice), f"In the deposit of {on}.")


def wait_for_money(scene: Scene) -> None:
    """Pays by card and by bank debit, and sells something outside POM. Shows the expected money."""
    say, office = scene.narrator, scene.office
    say.quotes("Review Stripe fees and pricing.")
    Payer(office.get(f"/invoices/{scene.invoices[DAN.id]}")["paymentUrl"]).pays_by_card(GOOD_CARD)
    repair = office.create_invoice(repair_of(EVA), "eva-pump").json
    scene.invoices[EVA.id] = repair["id"]
    Payer(repair["paymentUrl"]).pays_by_bank_debit(BANK_ACCOUNT)
    scene.world.sells_elsewhere(scene.owner.account_id, SOLD)
    say.does(f"{DAN.name} paid by card, {EVA.name} from a bank account; the company's web shop sold something")
    say.expects(f"The invoice of {DAN.name}", scene.status_of(scene.invoices[DAN.id], "paid"), "paid")
    debit = "The payment has not arrived yet. A bank debit takes some days, which is normal."
    path = f"/invoices/{repair['id']}"
    say.expects(f"The invoice of {EVA.name}", office.sees(path, reading.where_money_is, debit), debit)
    scene.lets_a_minute_pass()
    is_expected = office.sees(f"/invoices/{scene.invoices[DAN.id]}", reading.is_expected, True)
    say.expects(f"The money of {DAN.name} is expected in a deposit", is_expected, True)
    say.notes(reading.where_money_is(office.get(f"/invoices/{scene.invoices[DAN.id]}")))
    [balance] = office.get("/balance")["data"]
    say.does("GET /v1/balance")
    say.expects("Available", balance["available"], "0.00")
    say.notes(f"Not available yet: {balance['pending']} {balance['currency'].upper()}")


def have_a_deposit_fail(scene: Scene) -> None:
    """Has the bank return a deposit. Another deposit then pays its money out."""
    say, office, owner = scene.narrator, scene.office, scene.owner
    say.quotes("Check Stripe dashboard for payment status.")
    scene.lets_days_pass(1)
    scene.world.charges_a_fee(owner.account_id, MONTHLY_FEE)
    scene.lets_days_pass(1)
    say.does("let two days pass, in which Stripe charged its monthly fee: the next deposit is on its way")
    on_its_way = office.sees("/payouts", reading.newest_status, "in_transit")
    say.expects("Deposit", on_its_way, "in_transit")
    failing = _deposits(scene)[0]
    _explain(scene, failing["id"], invoices=1)
    scene.world.sends_back(owner.account_id, failing["id"], "account_closed")
    say.does("the bank sent it back; GET /v1/attention")
    path = "/attention?kind=payout_failed"
    say.expects("Needs a person", office.sees(path, reading.kinds, "payout_failed"), "payout_failed")
    for item in office.get(path)["data"]:
        say.notes(f"{item['message']} {item['nextStep']}")

    say.quotes("Real-time sync of invoices and customer data.")
    scene.world.has_another_bank_account(owner.account_id, ANOTHER_BANK)
    scene.lets_days_pass(6)
    say.does(f"entered another bank account in Stripe, and let six days pass; the debit of {EVA.name} settled")
    say.expects("Needs a person", office.sees(path, reading.kinds, "nothing"), "nothing")
    expected_statuses = "paid, paid, failed, paid"
    say.expects(
        "Deposits, the latest first", office.sees("/payouts", reading.statuses, expected_statuses), expected_statuses
    )
    _show_deposits(scene)
    failed_payout = office.get(f"/payouts/{failing['id']}")
    say.notes(failed_payout["message"])
    new_payout = office.get(f"/payouts/{failed_payout['paidAgainIn']}")
    _explain(scene, new_payout["id"], invoices=0)
    first, second = (reading.day_in_words(each["arrivesOn"]) for each in (failing, new_payout))
    expected_sentence = f"The deposit of {first} failed; its money is in the deposit of {second}."
    invoice = office.get(f"/invoices/{scene.invoices[DAN.id]}")
    say.expects(f"The invoice of {DAN.name}", reading.where_money_is(invoice), expected_sentence)


def _deposits(scene: Scene) -> list[Any]:
    """Returns the deposits, the latest arrival first."""
    return list(scene.office.get("/payouts")["data"])


def _show_deposits(scene: Scene) -> None:
    rows = [reading.deposit_row(deposit) for deposit in _deposits(scene)]
    scene.narrator.table("", reading.DEPOSIT_COLUMNS, rows)


def _explain(scene: Scene, payout_id: str, *, invoices: int) -> None:
    """Shows the lines of a deposit once POM has them, and checks that they add up to its amount."""
    say, path = scene.narrator, f"/payouts/{payout_id}?first=100"
    tied_out = scene.office.sees(path, reading.tied_out, True)
    say.does("GET /v1/payouts/{id}")
    deposit = scene.office.get(path)
    say.table("", reading.LINE_COLUMNS, [reading.line_row(line, NAMES) for line in deposit["lines"]])
    total = sum(Decimal(line["net"]) for line in deposit["lines"])
    say.expects("Its lines add up to the deposit, to the cent", f"{total:.2f}", deposit["amount"])
    say.expects("The deposit ties out", tied_out, True)
    say.expects("Invoices in the deposit", deposit["invoiceCount"], invoices)

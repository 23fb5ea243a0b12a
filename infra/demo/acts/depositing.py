"""The last act: where the money is. Deposits arrive, one fails, and each is explained to the cent."""

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
"""In the web shop of the same company. Minor units."""

NAMES = {customer.id: customer.name for customer in CUSTOMERS}


def explain_a_deposit(scene: Scene) -> None:
    """The deposit that arrived while the days of the reminder passed."""
    say = scene.teller
    say.chapter("Where the money is")
    say.says("Automatic payment tracking and reconciliation.")
    say.does("GET /v1/payouts: the deposit that arrived while the days passed")
    [deposit] = _deposits(scene)
    say.sees("Deposit", deposit["status"], "paid")
    _show_deposits(scene)
    _explain(scene, deposit["id"], invoices=3)
    on = reading.day_in_words(deposit["arrivesOn"])
    for customer in (BEN, CARLA):
        invoice = scene.office.get(f"/invoices/{scene.invoices[customer.id]}")
        say.sees(f"The invoice of {customer.name}", reading.where(invoice), f"In the deposit of {on}.")


def wait_for_money(scene: Scene) -> None:
    """A card, a bank debit and other business of the company: what is expected, and what is on its way."""
    say, office = scene.teller, scene.office
    say.says("Review Stripe fees and pricing.")
    Payer(office.get(f"/invoices/{scene.invoices[DAN.id]}")["paymentUrl"]).pays_by_card(GOOD_CARD)
    repair = office.create_invoice(repair_of(EVA), "eva-pump").json
    scene.invoices[EVA.id] = repair["id"]
    Payer(repair["paymentUrl"]).pays_by_bank_debit(BANK_ACCOUNT)
    scene.world.sells_elsewhere(scene.owner.account_id, SOLD)
    say.does(f"{DAN.name} paid by card, {EVA.name} from a bank account; the company's web shop sold something")
    say.sees(f"The invoice of {DAN.name}", scene.status_of(scene.invoices[DAN.id], "paid"), "paid")
    debit = "The payment has not arrived yet. A bank debit takes some days, which is normal."
    path = f"/invoices/{repair['id']}"
    say.sees(f"The invoice of {EVA.name}", office.sees(path, reading.where, debit), debit)
    scene.lets_a_minute_pass()
    expected = office.sees(f"/invoices/{scene.invoices[DAN.id]}", reading.is_expected, True)
    say.sees(f"The money of {DAN.name} is expected in a deposit", expected, True)
    say.tells(reading.where(office.get(f"/invoices/{scene.invoices[DAN.id]}")))
    [balance] = office.get("/balance")["data"]
    say.does("GET /v1/balance")
    say.sees("Available", balance["available"], "0.00")
    say.tells(f"Not available yet: {balance['pending']} {balance['currency'].upper()}")


def have_a_deposit_fail(scene: Scene) -> None:
    """The bank sends a deposit back; another one brings its money."""
    say, office, owner = scene.teller, scene.office, scene.owner
    say.says("Check Stripe dashboard for payment status.")
    scene.lets_days_pass(1)
    scene.world.charges_a_fee(owner.account_id, MONTHLY_FEE)
    scene.lets_days_pass(1)
    say.does("let two days pass, in which Stripe charged its monthly fee: the next deposit is on its way")
    on_its_way = office.sees("/payouts", reading.newest_status, "in_transit")
    say.sees("Deposit", on_its_way, "in_transit")
    failing = _deposits(scene)[0]
    _explain(scene, failing["id"], invoices=1)
    scene.world.sends_back(owner.account_id, failing["id"], "account_closed")
    say.does("the bank sent it back; GET /v1/attention")
    path = "/attention?kind=payout_failed"
    say.sees("Needs a person", office.sees(path, reading.kinds, "payout_failed"), "payout_failed")
    for item in office.get(path)["data"]:
        say.tells(f"{item['message']} {item['nextStep']}")

    say.says("Real-time sync of invoices and customer data.")
    scene.world.has_another_bank_account(owner.account_id, ANOTHER_BANK)
    scene.lets_days_pass(6)
    say.does(
        f"entered another bank account in Stripe, and let six days pass; the debit of {EVA.name} settled meanwhile"
    )
    say.sees("Needs a person", office.sees(path, reading.kinds, "nothing"), "nothing")
    all_told = "paid, paid, failed, paid"
    say.sees("Deposits, the latest first", office.sees("/payouts", reading.statuses, all_told), all_told)
    _show_deposits(scene)
    failed = office.get(f"/payouts/{failing['id']}")
    say.tells(failed["message"])
    again = office.get(f"/payouts/{failed['paidAgainIn']}")
    _explain(scene, again["id"], invoices=0)
    first, then = (reading.day_in_words(each["arrivesOn"]) for each in (failing, again))
    found = f"The deposit of {first} failed; its money is in the deposit of {then}."
    invoice = office.get(f"/invoices/{scene.invoices[DAN.id]}")
    say.sees(f"The invoice of {DAN.name}", reading.where(invoice), found)


def _deposits(scene: Scene) -> list[Any]:
    """Returns the deposits, those that arrive last first."""
    return list(scene.office.get("/payouts")["data"])


def _show_deposits(scene: Scene) -> None:
    rows = [reading.deposit_row(deposit) for deposit in _deposits(scene)]
    scene.teller.table("", reading.DEPOSIT_COLUMNS, rows)


def _explain(scene: Scene, payout_id: str, *, invoices: int) -> None:
    """Shows the lines of a deposit once POM has them, and that they come to its amount."""
    say, path = scene.teller, f"/payouts/{payout_id}?first=100"
    tied_out = scene.office.sees(path, reading.tied_out, True)
    say.does("GET /v1/payouts/{id}")
    deposit = scene.office.get(path)
    say.table("", reading.LINE_COLUMNS, [reading.line_row(line, NAMES) for line in deposit["lines"]])
    total = sum(Decimal(line["net"]) for line in deposit["lines"])
    say.sees("Its lines come to what the bank got, to the cent", f"{total:.2f}", deposit["amount"])
    say.sees("It ties out", tied_out, True)
    say.sees("Invoices in it", deposit["invoiceCount"], invoices)

"""The fee of each payment and the deposit that contains it, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.movements import MovementKind
from tests.api.client import OTHER_ORGANIZATION, ApiClient, invoice_json
from tests.api.money_moved import CSV, csv_rows, movement, paid_invoice, payment_rows, refund_payment
from tests.api.settled_money import NOT_SETTLED, midnight, payment_transaction, payout_fact, store_payout
from tests.boundaries import count_calls
from tests.world import ORGANIZATION, World

DAY = 86400


def pay_out(world: World, account: str) -> str:
    """Creates a payout of the available balance, reads it from Stripe, and returns its id."""
    payout = str(world.double.pay_out(account)["id"])
    pass_time(world, 3600)
    return payout


def pass_time(world: World, seconds: int) -> None:
    world.advance(seconds)
    world.deliver()
    world.work()


def store_settled(world: World, settled_movement: SettledMovement) -> None:
    """Stores a row of `GET /payments` with its balance transactions."""
    row = settled_movement.movement
    world.ports.database.movements[ORGANIZATION, row.id] = row
    world.ports.payments.settle(ORGANIZATION, [(row.id, settlement) for settlement in settled_movement.settlements])


COST = {
    "feeStatus": "known",
    "fee": "2.48",
    "net": "72.52",
    "settlementCurrency": "usd",
    "exchange": None,
}
PARTS = [{"type": "stripe_fee", "amount": "2.48", "description": "Stripe processing fees"}]


def test_a_payments_fee_and_deposit_go_from_pending_to_arrived(api: ApiClient, world: World, account: str) -> None:
    invoice, intent = paid_invoice(world)
    [row] = payment_rows(api)
    assert (row["feeStatus"], row["fee"], row["net"], row["settlements"]) == ("pending", None, None, [])
    assert [deposit["status"] for deposit in row["deposits"]] == ["not_settled"]
    assert "deposit" not in invoice_json(api, invoice.id)["explanation"].lower()

    world.work()
    [row] = payment_rows(api)
    assert {name: row[name] for name in COST} == COST
    assert row["feeParts"] == PARTS
    [deposit] = row["deposits"]
    assert (deposit["status"], deposit["payoutId"]) == ("expected", None)
    assert deposit["message"].startswith("The money can be paid out from ")

    world.advance(7 * DAY)
    [deposit] = payment_rows(api)[0]["deposits"]
    assert deposit["status"] == "deposit_unknown"

    payout_id = pay_out(world, account)
    payout = api.get(f"/payouts/{payout_id}").json
    assert [(line["paymentId"], line["invoiceId"], line["net"]) for line in payout["lines"]] == [
        (intent, invoice.id, "72.52")
    ]
    [deposit] = payment_rows(api)[0]["deposits"]
    assert (deposit["status"], deposit["payoutId"], deposit["on"]) == (
        "on_its_way", payout_id, payout["arrivesOn"],
    )  # fmt: skip

    pass_time(world, 7 * DAY)
    [row] = payment_rows(api)
    [deposit] = row["deposits"]
    assert (deposit["status"], deposit["message"][:18]) == ("arrived", "In the deposit of ")
    [settlement] = row["settlements"]
    assert (settlement["gross"], settlement["fee"], settlement["net"]) == ("75.00", "2.48", "72.52")
    assert settlement["payoutId"] == payout_id
    detail = invoice_json(api, invoice.id)
    [payment] = detail["payments"]
    assert {name: payment[name] for name in NOT_SETTLED} == {name: row[name] for name in NOT_SETTLED}
    assert detail["explanation"].startswith("Paid on ")
    assert detail["explanation"].endswith(f" {deposit['message']}")


def test_a_refund_and_a_dispute_name_the_deposit_they_were_deducted_from(
    api: ApiClient, world: World, account: str
) -> None:
    invoice, intent = paid_invoice(world)
    second_invoice, _ = paid_invoice(world, "svc_2")
    refund_payment(world, account, intent, 2000)
    charges = {each["payment_intent"]: each["id"] for each in world.in_stripe(account, "charge")}
    dispute = world.double.open_dispute(account, charges[invoice_json(api, second_invoice.id)["payments"][0]["id"]])[
        "id"
    ]
    pass_time(world, 7 * DAY)
    payout = pay_out(world, account)
    pass_time(world, 7 * DAY)
    rows = {row["kind"]: row for row in payment_rows(api)}
    assert (rows["refund"]["fee"], rows["refund"]["net"]) == ("0.00", "-20.00")
    assert (rows["dispute"]["fee"], rows["dispute"]["net"]) == ("15.00", "-90.00")
    assert {deposit["payoutId"] for row in rows.values() for deposit in row["deposits"]} == {payout}
    [refund] = invoice_json(api, invoice.id)["payments"][0]["refunds"]
    [invoice_dispute] = invoice_json(api, second_invoice.id)["payments"][0]["disputes"]
    assert invoice_dispute["id"] == dispute
    for row, view in ((rows["refund"], refund), (rows["dispute"], invoice_dispute)):
        assert {name: view[name] for name in NOT_SETTLED} == {name: row[name] for name in NOT_SETTLED}
    detail = api.get(f"/payouts/{payout}").json
    assert sum(Decimal(row["net"]) for row in payment_rows(api)) == Decimal(detail["amount"])
    assert detail["tiedOut"] is True


def test_an_invoice_names_its_failed_deposit_and_the_one_that_paid_its_money_again(
    api: ApiClient, world: World, account: str
) -> None:
    invoice, _ = paid_invoice(world)
    world.work()
    world.advance(7 * DAY)
    first = pay_out(world, account)
    pass_time(world, 7 * DAY)
    world.double.fail_payout(account, first)
    pass_time(world, 60)
    [deposit] = invoice_json(api, invoice.id)["payments"][0]["deposits"]
    assert (deposit["status"], deposit["payoutId"]) == ("returned", first)
    assert "failed; its money came back to the Stripe balance." in invoice_json(api, invoice.id)["explanation"]

    world.double.update_account(account, bank_last4="4321")
    second = pay_out(world, account)
    [deposit] = invoice_json(api, invoice.id)["payments"][0]["deposits"]
    assert (deposit["status"], deposit["payoutId"]) == ("on_its_way", second)
    assert "failed; its money is in the deposit that is expected on " in deposit["message"]
    assert api.get(f"/payouts/{first}").json["paidAgainIn"] == second


def test_a_payment_names_every_deposit_that_failed(api: ApiClient, world: World) -> None:
    store_settled(world, SettledMovement(movement(), (Settlement(payment_transaction("txn_1", 7500, 248), "po_1"),)))
    for number in (1, 2, 3):
        store_payout(world, payout_fact(f"po_{number}", 7252, status="failed"), returned_in=f"po_{number + 1}")
    [deposit] = payment_rows(api)[0]["deposits"]
    assert (deposit["status"], deposit["payoutId"]) == ("returned", "po_3"), "the fourth payout is not stored"
    store_payout(world, payout_fact("po_4", 7252))
    boundaries = count_calls(world)
    [deposit] = payment_rows(api)[0]["deposits"]
    assert (deposit["status"], deposit["payoutId"]) == ("arrived", "po_4")
    assert boundaries.calls == ["payments.page", *["payouts.find"] * 4, "customers.several"]


def test_a_pending_bank_debit_is_described_as_normal(api: ApiClient, world: World, account: str) -> None:
    paid_invoice(world, method="pm_usBankAccount")
    [row] = payment_rows(api)
    assert (row["status"], row["feeStatus"], row["fee"]) == ("pending", None, None)
    assert [deposit["message"] for deposit in row["deposits"]] == [
        "The payment has not arrived yet. A bank debit takes some days, which is normal."
    ]


def test_money_outside_stripe_has_no_fee_and_no_deposit(api: ApiClient, world: World, account: str) -> None:
    invoice = world.invoice()
    api.post(f"/invoices/{invoice.id}/mark-paid", {"method": "check", "reference": "No. 7"})
    [row] = payment_rows(api)
    assert {name: row[name] for name in NOT_SETTLED} == NOT_SETTLED
    assert invoice_json(api, invoice.id)["explanation"].endswith("as recorded in POM.")


def test_a_won_dispute_has_both_balance_transactions_and_the_amount_that_remains(
    api: ApiClient, world: World
) -> None:
    row = movement(id="du_1", kind=MovementKind.DISPUTE, status="won", amount=7500, payment_id="pi_1")
    dispute_transaction = payment_transaction("txn_1", -7500, 1500, category="dispute", created=1_800_000_100)
    back = payment_transaction("txn_2", 7500, -1500, category="dispute_reversal", created=1_800_500_000)
    store_settled(world, SettledMovement(row, (Settlement(back, "po_2"), Settlement(dispute_transaction, "po_1"))))
    store_payout(world, payout_fact("po_1", 100))
    store_payout(world, payout_fact("po_2", 100, status="in_transit", arrival_date=midnight("2027-02-01")))
    [api_row] = payment_rows(api)
    assert [each["category"] for each in api_row["settlements"]] == ["dispute", "dispute_reversal"]
    assert [each["net"] for each in api_row["settlements"]] == ["-90.00", "90.00"]
    assert (api_row["fee"], api_row["net"]) == ("0.00", "0.00")
    assert [part["amount"] for part in api_row["feeParts"]] == ["15.00", "-15.00"]
    assert [(each["payoutId"], each["status"]) for each in api_row["deposits"]] == [
        ("po_1", "arrived"),
        ("po_2", "on_its_way"),
    ]
    [cells] = csv_rows(api.get("/payments", headers=CSV))
    assert (cells["Deposit"], cells["Payout"]) == ("2027-01-20; 2027-02-01", "po_1; po_2")


def test_a_payment_in_another_currency_has_the_amount_it_was_converted_to(api: ApiClient, world: World) -> None:
    exchanged_payment = payment_transaction(
        "txn_1", 6908, 230, exchange_rate="0.921", source_amount=7500, source_currency="usd"
    )
    store_settled(world, SettledMovement(movement(), (Settlement(replace(exchanged_payment, currency="eur")),)))
    [row] = payment_rows(api)
    assert (row["amount"], row["currency"]) == ("75.00", "usd")
    assert (row["fee"], row["net"], row["settlementCurrency"]) == ("2.30", "66.78", "eur")
    assert row["exchange"] == {"rate": "0.921", "amount": "75.00", "currency": "usd"}
    [cells] = csv_rows(api.get("/payments", headers=CSV))
    assert (cells["Net"], cells["Settlement currency"], cells["Exchange rate"]) == ("66.78", "EUR", "0.921")
    assert (cells["Amount before exchange"], cells["Currency before exchange"]) == ("75.00", "USD")


def test_amounts_settled_in_two_currencies_are_not_summed(api: ApiClient, world: World) -> None:
    usd, eur = (
        payment_transaction("txn_1", -7500, 1500),
        payment_transaction("txn_2", 6900, currency="eur", created=1_800_500_000),
    )
    store_settled(world, SettledMovement(movement(), (Settlement(usd), Settlement(eur))))
    [row] = payment_rows(api)
    assert (row["feeStatus"], row["fee"], row["net"], row["settlementCurrency"]) == ("known", None, None, None)
    assert [(each["net"], each["currency"]) for each in row["settlements"]] == [("-90.00", "usd"), ("69.00", "eur")]


def test_a_fee_that_stripe_charged_separately_is_part_of_the_payments_fee(api: ApiClient, world: World) -> None:
    """A payment of 100.00 with a fee of 3.20 must not appear with a net amount of 96.50."""
    charge = payment_transaction("txn_1", 10_000, 320)
    network = replace(
        payment_transaction("txn_2", -30), category="network_cost", type="network_cost", description="Network cost"
    )
    store_settled(world, SettledMovement(movement(), (Settlement(charge), Settlement(network))))
    [row] = payment_rows(api)
    assert (row["fee"], row["net"]) == ("3.50", "96.50")
    assert [(part["type"], part["amount"]) for part in row["feeParts"]] == [
        ("stripe_fee", "3.20"),
        ("network_cost", "0.30"),
    ]
    [cells] = csv_rows(api.get("/payments", headers=CSV))
    assert (cells["Fee"], cells["Net"]) == ("3.50", "96.50")


def test_the_csv_names_the_deposit_that_was_returned(api: ApiClient, world: World) -> None:
    stays, fails = payout_fact("po_1", 5000), payout_fact("po_2", 2000, status="failed")
    settlements = [
        Settlement(payment_transaction("txn_1", 3000), stays.id),
        Settlement(payment_transaction("txn_2", 2000, created=1_800_400_000), fails.id),
        Settlement(payment_transaction("txn_3", 2000, created=1_800_500_000), stays.id),
        Settlement(payment_transaction("txn_4", 500, created=1_800_600_000)),
    ]
    for fact in (stays, fails):
        store_payout(world, fact)
    store_settled(world, SettledMovement(movement(), tuple(settlements)))
    [cells] = csv_rows(api.get("/payments", headers=CSV))
    in_step = [cells[name].split("; ") for name in ("Deposit", "Deposit status", "Payout")]
    assert list(zip(*in_step, strict=True)) == [
        ("2027-01-20", "arrived", "po_1"),
        ("2027-01-20", "returned", "po_2"),
        ("2027-01-18", "expected", ""),
    ]


def test_the_csv_of_payments_has_the_fees_and_deposits_of_the_json(
    api: ApiClient, world: World, account: str
) -> None:
    paid_invoice(world)
    world.work()
    world.advance(7 * DAY)
    pay_out(world, account)
    paid_invoice(world, "svc_2")
    for row, cells in zip(payment_rows(api), csv_rows(api.get("/payments", headers=CSV)), strict=True):
        assert (cells["Fee status"], cells["Fee"], cells["Net"]) == (
            row["feeStatus"], row["fee"] or "", row["net"] or "",
        )  # fmt: skip
        [deposit] = row["deposits"]
        assert (cells["Deposit"], cells["Deposit status"]) == (deposit["on"] or "", deposit["status"])
        assert cells["Payout"] == (deposit["payoutId"] or "")


def test_a_page_of_payments_takes_one_query_and_one_read_of_their_payouts(api: ApiClient, world: World) -> None:
    for number in range(30):
        row = movement(id=f"pi_{number}", at=1_800_000_000 + number)
        store_settled(
            world, SettledMovement(row, (Settlement(payment_transaction(f"txn_{number}", 7500), f"po_{number % 3}"),))
        )
    for number in range(3):
        store_payout(world, payout_fact(f"po_{number}", 100))
    boundaries = count_calls(world)
    assert {deposit["status"] for row in payment_rows(api, "first=30") for deposit in row["deposits"]} == {"arrived"}
    assert boundaries.calls == ["payments.page", "payouts.find", "customers.several"]


def test_an_invoice_takes_one_read_more_with_payments_and_two_more_with_deposits(
    api: ApiClient, world: World, account: str
) -> None:
    def reads(invoice_id: str) -> list[str]:
        boundaries = count_calls(world)
        invoice_json(api, invoice_id)
        return boundaries.calls

    assert reads(world.invoice("svc_2").id) == ["invoices.get", "customers.several"]
    invoice, _ = paid_invoice(world)
    world.work()
    assert reads(invoice.id) == ["invoices.get", "payments.find", "customers.several"]
    world.advance(7 * DAY)
    pay_out(world, account)
    assert reads(invoice.id) == ["invoices.get", "payments.find", "payouts.find", "customers.several"]


def test_the_list_of_invoices_reads_no_payments(api: ApiClient, world: World, account: str) -> None:
    paid_invoice(world)
    world.work()
    boundaries = count_calls(world)
    api.get("/invoices")
    assert boundaries.calls == ["invoices.page", "customers.several"]


def test_no_deposit_of_another_organization_is_read(api: ApiClient, world: World) -> None:
    store_settled(world, SettledMovement(movement(), (Settlement(payment_transaction("txn_1", 7500, 248), "po_1"),)))
    store_payout(world, payout_fact("po_1", 7252), organization=OTHER_ORGANIZATION)
    [deposit] = payment_rows(api)[0]["deposits"]
    assert (deposit["status"], deposit["payoutId"]) == ("expected", None)

"""The balance of the Stripe account over HTTP."""

from __future__ import annotations

from tests.api.client import OTHER_ORGANIZATION, ApiClient
from tests.api.money_moved import paid_invoice
from tests.api.settled_money import midnight, payout_fact, store_payout
from tests.boundaries import count_calls
from tests.world import World

DAY = 86400


def test_the_balance_has_pending_available_and_in_transit_amounts(api: ApiClient, world: World) -> None:
    account = world.connect()
    world.customer()
    paid_invoice(world)
    world.work()
    [usd] = api.get("/balance").json["data"]
    assert usd == {
        "currency": "usd",
        "available": "0.00",
        "pending": "72.52",
        "onItsWay": "0.00",
        "beingTaken": "0.00",
        "payouts": [],
    }

    world.advance(7 * DAY)
    [usd] = api.get("/balance").json["data"]
    assert (usd["available"], usd["pending"]) == ("72.52", "0.00")

    payout = world.double.pay_out(account)["id"]
    world.deliver()
    world.work()
    [usd] = api.get("/balance").json["data"]
    assert (usd["available"], usd["pending"], usd["onItsWay"]) == ("0.00", "0.00", "72.52")
    assert usd["payouts"] == api.get("/payouts").json["data"]
    assert [each["id"] for each in usd["payouts"]] == [payout]

    world.advance(7 * DAY)
    world.deliver()
    world.work()
    [usd] = api.get("/balance").json["data"]
    assert (usd["onItsWay"], usd["payouts"]) == ("0.00", [])


def test_each_currency_has_its_own_balance_with_payouts_and_debits_listed_separately(
    api: ApiClient, world: World
) -> None:
    account = world.connect()
    world.double.adjust(account, 5_000)
    world.double.adjust(account, -700, currency="jpy")
    soon = midnight("2027-01-18")
    store_payout(world, payout_fact("po_eur", 900, status="in_transit", currency="eur", arrival_date=soon))
    store_payout(world, payout_fact("po_usd", -150, status="pending", arrival_date=soon))
    store_payout(world, payout_fact("po_more", 900, status="in_transit", arrival_date=soon))
    store_payout(world, payout_fact("po_done", 150, arrival_date=soon))
    balance_by_currency = {each["currency"]: each for each in api.get("/balance").json["data"]}
    figures = {
        currency: (
            *(each[name] for name in ("available", "pending", "onItsWay", "beingTaken")),
            [payout["id"] for payout in each["payouts"]],
        )
        for currency, each in balance_by_currency.items()
    }
    assert figures == {
        "usd": ("50.00", "0.00", "9.00", "1.50", ["po_usd", "po_more"]),
        "jpy": ("-700", "0", "0", "0", []),
        "eur": ("0.00", "0.00", "9.00", "0.00", ["po_eur"]),
    }


def test_a_balance_takes_one_request_to_stripe(api: ApiClient, world: World) -> None:
    world.connect()
    boundaries = count_calls(world)
    assert api.get("/balance").status == 200
    assert boundaries.stripe == ["balance"]
    assert boundaries.writes == []


def test_an_organization_that_is_not_connected_has_no_balance(api: ApiClient, world: World) -> None:
    world.connect()
    other_organization = api.acting("admin", organization=OTHER_ORGANIZATION)
    response = other_organization.get("/balance")
    assert (response.status, response.code) == (409, "stripe_not_connected")
    assert response.error["nextStep"]


def test_a_company_that_revoked_access_gets_an_error_that_says_so(api: ApiClient, world: World) -> None:
    account = world.connect()
    world.double.revoke(account)
    response = api.get("/balance")
    assert (response.status, response.code) == (409, "stripe_account_unreachable")
    assert api.get("/stripe/connection").json["status"] == "disconnected"

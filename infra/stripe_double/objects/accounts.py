"""Connected accounts, which have owners of their own (https://docs.stripe.com/api/accounts).

`managed_accounts` holds the accounts that a platform creates and deletes itself.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from ..errors import NoSuchObject
from ..state.ledger import JSON, Ledger
from ..state.settlement import Settlement
from ..state.world import World
from . import bank_accounts, payout_schedule
from .call import Call, Route

_SETTLEMENT = {each.name for each in fields(Settlement)}


def make(
    world: World,
    *,
    account_id: str | None = None,
    business_name: str = "Blue Lagoon Pools",
    profile_name: str | None = None,
    email: str | None = None,
    country: str = "US",
    default_currency: str = "usd",
    time_zone: str | None = "America/Phoenix",
    charges_enabled: bool = True,
    payouts_enabled: bool | None = None,
    currently_due: list[str] | None = None,
    past_due: list[str] | None = None,
    livemode: bool = False,
    api_version: str | None = None,
    connected: bool = True,
    tells_paid_outside: bool = False,
    voids_uncollectible: bool = True,
    returns_dispute_fees: bool = True,
    **settlement: Any,
) -> Ledger:
    """Creates an account and returns its empty ledger. The default `api_version` is `Config.account_version`.

    `business_name` is the Dashboard's display name. The public profile has a name only if `profile_name` is given,
    because 22 of 29 recorded standard accounts have no name there. `Ledger` documents `tells_paid_outside`,
    `voids_uncollectible` and `returns_dispute_fees`. `settlement` holds fields of `Settlement`.

    Raises ValueError if the account exists.
    """
    # An account that was created with its own id may already have the id that is drawn next.
    account_id = account_id or next(new_id for new_id in iter(world.ids.account, "") if new_id not in world.ledgers)
    if account_id in world.ledgers:
        raise ValueError(f"there is already an account {account_id}")
    account: JSON = {
        "id": account_id,
        "object": "account",
        "business_profile": {
            "annual_revenue": None, "estimated_worker_count": None, "mcc": "7699", "name": profile_name,
            "product_description": None, "support_address": None, "support_email": email, "support_phone": None,
            "support_url": None, "url": None,
        },
        "business_type": "company",
        "capabilities": {},
        "charges_enabled": charges_enabled,
        "country": country,
        "created": world.now(),
        "default_currency": default_currency,
        "details_submitted": True,
        "email": email,
        "future_requirements": _requirements([], []),
        "metadata": {},
        "payouts_enabled": charges_enabled if payouts_enabled is None else payouts_enabled,
        "requirements": _requirements(currently_due or [], past_due or []),
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"decline_on": None, "statement_descriptor_prefix": None},
            "dashboard": {"display_name": business_name, "timezone": time_zone},
            "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": "never"},
            "payments": {"statement_descriptor": None},
            "payouts": {"debit_negative_balances": True, "schedule": {}, "statement_descriptor": None},
        },
        "type": "standard",
    }  # fmt: skip
    _capabilities(account)
    ledger = Ledger(
        account, livemode=livemode, api_version=api_version or world.config.account_version, connected=connected
    )
    ledger.tells_paid_outside = tells_paid_outside
    ledger.voids_uncollectible = voids_uncollectible
    ledger.returns_dispute_fees = returns_dispute_fees
    _apply_settlement(world, ledger, settlement)
    world.ledgers[account_id] = ledger
    return ledger


def change(world: World, ledger: Ledger, changes: dict[str, Any]) -> JSON:
    """Changes an account as its owner or Stripe would, emits `account.updated`, and returns the account.

    Raises ValueError for an unknown name.
    """
    account = ledger.account
    before = _copy(account)
    for name, value in changes.items():
        if name in (
            "charges_enabled",
            "payouts_enabled",
            "details_submitted",
            "country",
            "default_currency",
            "email",
        ):
            account[name] = value
        elif name == "business_name":
            _rename(account, value)
        elif name == "time_zone":
            account["settings"] = _with_dashboard(account, timezone=value)
        elif name == "profile_name":
            account["business_profile"] = {**account["business_profile"], "name": value}
        elif name in ("currently_due", "past_due", "eventually_due", "pending_verification", "disabled_reason"):
            account["requirements"] = {**account["requirements"], name: value}
        elif name == "api_version":
            ledger.api_version = value
        elif name in ("covers_refunds", "returns_dispute_fees", "tells_paid_outside", "voids_uncollectible"):
            setattr(ledger, name, value)
        elif name in _SETTLEMENT:
            _apply_settlement(world, ledger, {name: value})
        else:
            raise ValueError(f"unknown account setting: {name}")
    _capabilities(account)
    world.emit(ledger, "account.updated", account, before)
    return account


def retrieve(call: Call) -> JSON:
    """Handles GET /v1/accounts/{id} for the platform, and GET /v1/account for the caller's own account."""
    account_id = call.args.get("id", call.ledger.id)
    if account_id == call.ledger.id:
        if call.ledger is call.world.platform:
            raise NoSuchObject("account", account_id)
        return call.ledger.account
    return call.world.accessible_ledger(account_id, "sk_***", call.livemode).account


def name_of(account: JSON) -> str:
    """Returns the name that people see: the public profile's name, or else the Dashboard's."""
    return str(account["business_profile"]["name"] or account["settings"]["dashboard"]["display_name"] or "")


def day(account: JSON, at: int) -> str:
    """Returns the day of an epoch second in the account's time zone, such as `March 1, 2026`."""
    return datetime.fromtimestamp(at, zone(account)).strftime("%B %-d, %Y")


def zone(account: JSON) -> ZoneInfo:
    """Returns the time zone of the account's Dashboard, or else UTC."""
    zone_name = account["settings"]["dashboard"]["timezone"]
    return ZoneInfo(zone_name if zone_name in available_timezones() else "UTC")


def application(world: World) -> JSON:
    """Returns the platform's application, as `account.application.*` events contain it."""
    return {"id": world.config.application_id, "object": "application", "name": world.config.application_name}


def _apply_settlement(world: World, ledger: Ledger, changes: dict[str, Any]) -> None:
    """Changes settlement settings, and with them `settings.payouts`, the bank account and the payout schedule."""
    new_values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()
    }
    ledger.settlement = replace(ledger.settlement, **new_values)
    account_settings: JSON = ledger.account["settings"]
    schedule = {"delay_days": ledger.settlement.settlement_days, "interval": ledger.settlement.payout_schedule}
    ledger.account["settings"] = {
        **account_settings,
        "payouts": {**account_settings["payouts"], "schedule": schedule},
    }
    if changes.keys() & {"bank_name", "bank_last4"}:
        bank_accounts.replace_all(ledger)
    payout_schedule.plan_next_payout(world, ledger)


def _rename(account: JSON, name: str) -> None:
    account["settings"] = _with_dashboard(account, display_name=name)
    if account["business_profile"]["name"] is not None:
        account["business_profile"] = {**account["business_profile"], "name": name}


def _with_dashboard(account: JSON, **changes: str | None) -> JSON:
    settings: JSON = account["settings"]
    return {**settings, "dashboard": {**settings["dashboard"], **changes}}


def _copy(account: JSON) -> JSON:
    return {k: dict(v) if isinstance(v, dict) else v for k, v in account.items()}


def _requirements(currently: list[str], past: list[str]) -> JSON:
    return {
        "alternatives": [], "current_deadline": None, "currently_due": currently,
        "disabled_reason": "requirements.past_due" if past else None, "errors": [],
        "eventually_due": list(currently), "past_due": past, "pending_verification": [],
    }  # fmt: skip


def _capabilities(account: JSON) -> None:
    state = "active" if account["charges_enabled"] else "inactive"
    account["capabilities"] = {"card_payments": state, "transfers": state, "us_bank_account_ach_payments": state}


ROUTES = [
    Route("GET", "/v1/account", "AccountRetrieveCurrentParams", retrieve),
    Route("GET", "/v1/accounts/{id}", "AccountRetrieveParams", retrieve),
]

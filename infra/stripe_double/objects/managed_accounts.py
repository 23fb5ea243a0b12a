"""Accounts that a platform creates and deletes by API (https://docs.stripe.com/api/accounts/create).

The documentation says that capabilities are inactive until their requirements are met, and that the platform can
delete test accounts at any time, and live accounts when all balances are zero (docs.stripe.com/api/accounts/delete).
The requirements of a new account are from memory. It is a guess that creating and deleting emit no event.
"""

from __future__ import annotations

from ..errors import InvalidState, NotModelled, StripeFault
from ..state.ledger import JSON
from . import accounts, lists, rules
from .call import Call, Route

_CREATE = ("type", "country", "email", "capabilities", "business_type", "business_profile", "metadata", "expand")
_INITIAL_REQUIREMENTS = [
    "business_profile.mcc", "business_profile.url", "business_type", "external_account", "representative.first_name",
    "representative.last_name", "tos_acceptance.date", "tos_acceptance.ip",
]  # fmt: skip


def create(call: Call) -> JSON:
    """Handles POST /v1/accounts, for the type `custom`. Its open requirements keep it from charging and paying
    out.
    """
    _require_platform(call)
    params, world = call.params, call.world
    for name in params:
        if name not in _CREATE:
            raise NotModelled(f"the parameter {name} of accounts", name)
    if params.get("type") != "custom":
        raise NotModelled("accounts of another type than custom", "type")
    profile = params.get("business_profile", {})
    due = [name for name in _INITIAL_REQUIREMENTS if not _provides(params, name)]
    ledger = accounts.make(
        world,
        profile_name=profile.get("name"),
        email=params.get("email"),
        country=params.get("country", "US"),
        time_zone="Etc/UTC",
        charges_enabled=False,
        currently_due=due,
        past_due=due,
        livemode=call.livemode,
    )
    account = ledger.account
    account.update(
        type="custom",
        business_profile={**account["business_profile"], "mcc": None, "support_email": None, **profile},
        business_type=params.get("business_type"),
        capabilities={
            name: "inactive"
            for name, capability in params.get("capabilities", {}).items()
            if capability.get("requested")
        },
        controller={
            "fees": {"payer": "application_custom"},
            "is_controller": True,
            "losses": {"payments": "application"},
            "requirement_collection": "application",
            "stripe_dashboard": {"type": "none"},
            "type": "application",
        },
        details_submitted=False,
        external_accounts={
            "object": "list", "data": [], "has_more": False, "total_count": 0,
            "url": f"/v1/accounts/{ledger.id}/external_accounts",
        },
        metadata=rules.metadata({}, params.get("metadata")),
        tos_acceptance={"date": None, "ip": None, "user_agent": None},
    )  # fmt: skip
    account["settings"]["dashboard"]["display_name"] = None
    return account


def list_(call: Call) -> JSON:
    """Handles GET /v1/accounts: the accounts that are connected in the mode of the key."""
    _require_platform(call)
    connected_accounts = (
        ledger.account
        for ledger in call.world.ledgers.values()
        if ledger.connected and ledger.livemode == call.livemode
    )
    return lists.page(call, lists.filter_by_created(call, connected_accounts), "/v1/accounts", kind="account")


def delete(call: Call) -> JSON:
    """Handles DELETE /v1/accounts/{id}, for accounts that the platform created; a live one must have no money."""
    _require_platform(call)
    ledger = call.world.accessible_ledger(call.id, "sk_***", call.livemode)
    if ledger.account["type"] == "standard":
        raise InvalidState("You cannot delete an account that has access to the standard Dashboard.")
    funds = ledger.funds
    if ledger.livemode and any(funds.available(each) or funds.pending(each) for each in funds.currencies()):
        raise InvalidState("You cannot delete the account when the balance in any currency is non-zero.")
    call.world.scheduler.cancel(ledger.id)
    del call.world.ledgers[ledger.id]
    return {"id": ledger.id, "object": "account", "deleted": True}


def _provides(params: JSON, requirement: str) -> bool:
    outer, _, inner = requirement.partition(".")
    return bool(params.get(outer, {}).get(inner) if inner else params.get(outer))


def _require_platform(call: Call) -> None:
    if call.ledger is not call.world.platform:
        raise StripeFault(
            403, "Only a platform can manage accounts, without the header Stripe-Account.", stored=False
        )


ROUTES = [
    Route("POST", "/v1/accounts", "AccountCreateParams", create),
    Route("GET", "/v1/accounts", "AccountListParams", list_),
    Route("DELETE", "/v1/accounts/{id}", "AccountDeleteParams", delete),
]

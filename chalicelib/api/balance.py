"""The balance of the Stripe account."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import CALLS_STRIPE
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.balance import BalanceView, balance_view
from chalicelib.api.models.queries import Nothing
from chalicelib.usecases.payouts.show_payouts import show_balance

router = Router(__name__, "Payouts")


@router.route(
    "GET",
    "/balance",
    Role.MEMBER,
    takes=Nothing,
    responses={200: BalanceView},
    refuses=("stripe_not_connected", *CALLS_STRIPE),
)
def get_balance(call: Call[Nothing]) -> Reply:
    """Retrieve the balance of the Stripe account and the money on its way to or from the bank, by currency.

    POM reads the balance from Stripe at each request. The payouts are those of the connected account that POM has
    stored.
    """
    return Reply(balance_view(show_balance(call.caller.organization_id, bootstrap.ports())))

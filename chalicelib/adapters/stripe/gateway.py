"""The gateway that calls Stripe on behalf of connected accounts, with one method for each kind of request."""

from __future__ import annotations

from chalicelib.adapters.stripe.accounts import Accounts
from chalicelib.adapters.stripe.customers import Customers
from chalicelib.adapters.stripe.invoices import Invoices
from chalicelib.adapters.stripe.payouts import Payouts
from chalicelib.adapters.stripe.records import Records
from chalicelib.adapters.stripe.refunds import Refunds
from chalicelib.adapters.stripe.trials import Trials
from chalicelib.adapters.stripe.webhook_endpoints import ListedEndpoints


class StripeGateway(Accounts, Customers, Invoices, ListedEndpoints, Payouts, Records, Refunds, Trials):
    """Implements `ports.StripeGateway` with the `stripe` package."""

"""An invoice belongs to the Stripe account that it was made on, also after another account was connected."""

from __future__ import annotations

from chalicelib.domain.errors import Conflict
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice


def require_same_account(invoice: Invoice, account_id: StripeAccountId) -> StripeAccountId:
    """Returns the account, if the invoice was made on it.

    Raises:
        Conflict: it was made on another one.
    """
    if invoice.stripe_account_id != account_id:
        raise of_other_account()
    return account_id


def of_other_account() -> Conflict:
    """Returns why nothing can be done with an invoice whose account is gone."""
    return Conflict(
        "invoice_of_other_account",
        "This invoice was made on a Stripe account that is no longer connected.",
        next_step="Its history stays readable; reconnect that account to act on it.",
    )

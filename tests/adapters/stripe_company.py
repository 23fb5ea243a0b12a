"""A company's account on the Stripe double, and the gateway to it, for the tests of the gateway."""

from __future__ import annotations

from typing import Any

import stripe

from chalicelib.adapters.stripe.client import on_account
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.domain.identifiers import StripeAccountId
from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble


class StripeCompany:
    """An account that takes payments, and the gateway to it."""

    def __init__(self, **settings: Any) -> None:
        self.double = StripeDouble(Config(seed=5, date_lag=False), clock=Clock.frozen())
        key = self.double.config.platform_key_test
        self.client = stripe.StripeClient(key, http_client=InProcessClient(self.double))
        self.gateway = StripeGateway(self.client, self)
        self.account = StripeAccountId(self.double.create_account(**settings)["id"])

    def now(self) -> int:
        return self.double.clock.seconds()

    def paid_invoice(self, method: str = "pm_card_visa") -> str:
        """Creates and pays an invoice of 100.00, and returns the id of its payment intent."""
        v1: Any = self.client.v1
        options = on_account(self.account)
        customer = v1.customers.create({"email": "ann@example.com"}, options)
        terms = {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 30}
        draft = v1.invoices.create(terms, options)
        v1.invoices.add_lines(draft.id, {"lines": [{"amount": 10_000}]}, options)
        v1.invoices.finalize_invoice(draft.id, None, options)
        return str(self.double.pay(self.account, draft.id, method)["payment_intent"])

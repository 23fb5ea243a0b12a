"""The part of the gateway that refunds payments (https://docs.stripe.com/api/refunds/create)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import stripe

from chalicelib.adapters.stripe import objects
from chalicelib.adapters.stripe.client import on_account
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.adapters.stripe.lists import Lists
from chalicelib.adapters.stripe.objects.fields import Stub
from chalicelib.adapters.stripe.objects.payments import REFUND_KEY
from chalicelib.adapters.stripe.refund_refusals import refund_refusal
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.payment_facts import RefundFact

if TYPE_CHECKING:
    from stripe.params import RefundCreateParams


class Refunds(Lists):
    """A part of `StripeGateway`."""

    @translates_errors
    def refund(
        self,
        account_id: StripeAccountId,
        payment_id: str,
        amount: int,
        reason: str | None,
        order_id: str,
        key: str,
    ) -> RefundFact:
        parameters: RefundCreateParams = {"amount": amount, "metadata": {REFUND_KEY: order_id}}
        if payment_id.startswith("pi_"):
            parameters["payment_intent"] = payment_id
        else:
            parameters["charge"] = payment_id
        if reason is not None:
            parameters["reason"] = reason
        options = on_account(account_id, key)
        try:
            response = self._call(self._v1.refunds.create, parameters, options)
        except stripe.InvalidRequestError as exc:
            refusal = refund_refusal(exc)
            if refusal is None:
                raise
            raise refusal from exc
        if response.replayed:  # Stripe repeats its first response, and the refund may have failed since.
            response = self._call(self._v1.refunds.retrieve, response.parse(Stub).id, None, on_account(account_id))
        return response.parse(objects.Refund).fact(response.as_of)

    def refunds_of(self, account_id: StripeAccountId, payment_id: str) -> Sequence[RefundFact]:
        filter_name = "payment_intent" if payment_id.startswith("pi_") else "charge"
        return list(self._facts(self._v1.refunds.list, objects.Refund, account_id, {filter_name: payment_id}))

"""The part of the gateway that reads fees, payouts with their lines, and the balance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import stripe

from chalicelib.adapters.stripe.client import Missing, on_account, parse
from chalicelib.adapters.stripe.errors import translates_errors
from chalicelib.adapters.stripe.lists import Lists
from chalicelib.adapters.stripe.objects.balance import Balance
from chalicelib.adapters.stripe.objects.balance_transactions import (
    BalanceTransaction,
    BookedCharge,
    BookedIntent,
)
from chalicelib.adapters.stripe.objects.payouts import Payout
from chalicelib.domain.balance_transactions import BalanceAmount
from chalicelib.domain.balance_transactions import BalanceTransaction as BalanceTransactionFact
from chalicelib.domain.errors import PayoutNotItemized
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.payout import PayoutFact


class Payouts(Lists):
    """A part of `StripeGateway`."""

    @translates_errors
    def balance_transaction_of(self, account_id: StripeAccountId, payment_id: str) -> BalanceTransactionFact | None:
        model: type[BookedIntent] | type[BookedCharge]
        if payment_id.startswith("pi_"):
            model, retrieve, path_to_charge = BookedIntent, self._v1.payment_intents.retrieve, "latest_charge."
        else:
            model, retrieve, path_to_charge = BookedCharge, self._v1.charges.retrieve, ""
        query = {"expand": [f"{path_to_charge}balance_transaction"]}
        response = self._call_unless_missing(retrieve, payment_id, query, on_account(account_id))
        return None if isinstance(response, Missing) else response.parse(model).transaction_fact()

    @translates_errors
    def payout(self, account_id: StripeAccountId, payout_id: str) -> PayoutFact | None:
        query = {"expand": ["destination"]}
        response = self._call_unless_missing(self._v1.payouts.retrieve, payout_id, query, on_account(account_id))
        return None if isinstance(response, Missing) else response.parse(Payout).fact(response.as_of)

    def payouts(self, account_id: StripeAccountId, since: int) -> Iterator[PayoutFact]:
        query = {"created": {"gte": since}, "expand": ["data.destination"]}
        return self._facts(self._v1.payouts.list, Payout, account_id, query)

    def balance_transactions(
        self, account_id: StripeAccountId, payout_id: str, after: str | None = None
    ) -> Iterator[Sequence[BalanceTransactionFact]]:
        query = {"payout": payout_id, "expand": ["data.source"]}
        for page, _ in self._pages(self._lines_of_payout, account_id, query, after):
            yield [parse(raw, BalanceTransaction).fact() for raw in page.data]

    def _lines_of_payout(self, query: Any, options: Any) -> Any:
        """Requests a page of a payout's lines.

        Raises:
            PayoutNotItemized: the payout is not automatic. Stripe's refusal has no code, but this message: "Balance
                transaction history can only be filtered on automatic transfers, not manual."
        """
        try:
            return self._v1.balance_transactions.list(query, options)
        except stripe.InvalidRequestError as exc:
            if exc.code is not None:
                raise
            raise PayoutNotItemized(
                "stripe_refused",
                f"Stripe refused: {exc.user_message or 'no reason given'}",
                next_step="Open the payout in the Stripe dashboard: Stripe does not let POM list its payments.",
            ) from exc

    @translates_errors
    def balance(self, account_id: StripeAccountId) -> Sequence[BalanceAmount]:
        return self._call(self._v1.balance.retrieve, None, on_account(account_id)).parse(Balance).amounts()

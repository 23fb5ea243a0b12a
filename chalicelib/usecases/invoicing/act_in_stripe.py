"""Have Stripe do something to an invoice, so that POM knows who asked for it whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.domain.errors import AccountUnreachable, Gone, StripeRefused
from chalicelib.domain.facts import StripeFact
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.intended_act import IntendedAct
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.store_invoice import knowing_also, store

Ask = Callable[[StripeAccountId, str, str], Sequence[StripeFact]]
"""Asks Stripe for the act: the account, the Stripe invoice, the idempotency key."""


def done_in_stripe(invoice: Invoice, act: IntendedAct, ask: Ask, ports: Ports) -> Invoice:
    """Returns the invoice after Stripe has done the act.

    The act is stored before Stripe is asked. If POM dies or gets no answer, the first write that sees the act done
    puts it on the timeline.

    Raises:
        StripeRefused, AccountUnreachable: Stripe did not do it, and the act is dropped.
        Gone: the draft was deleted. This request may have deleted it, so the act is kept until Stripe's event tells.
    """
    intended = store(invoice, lambda current: current.intending(act), ports)
    try:
        # A new key each time: Stripe would repeat an earlier refusal, and none of these acts can be done twice.
        facts = ask(invoice.stripe_account_id, act.stripe_invoice_id, f"pom-{ports.clock.nonce()}")
    except Gone:
        raise
    except (StripeRefused, AccountUnreachable):
        store(intended, lambda current: current.dropping(act), ports)
        raise
    return store(intended, lambda current: knowing_also(current, facts, intended, ports).doing(act), ports)

"""An invoice's facts from Stripe without the person who pays it. Amounts, dates, numbers and Stripe's ids stay."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.facts import InvoiceFact
from chalicelib.domain.payment_facts import ChargeFact
from chalicelib.domain.snapshots import Snapshots


def facts_without_person(facts: Snapshots) -> Snapshots:
    """Returns the snapshots without the payer's data: the address, the links to Stripe's pages, texts, and the card.

    Links are removed because anybody who has one can read the invoice with the payer's name on it.
    """
    return replace(
        facts,
        invoice=_without_payer(facts.invoice) if facts.invoice is not None else None,
        revisions={stripe_id: _without_payer(fact) for stripe_id, fact in facts.revisions.items()},
        charges={stripe_id: _without_card(charge) for stripe_id, charge in facts.charges.items()},
    )


def _without_payer(fact: InvoiceFact) -> InvoiceFact:
    return replace(fact, customer_email=None, hosted_url=None, pdf_url=None, drafted_details=None)


def _without_card(charge: ChargeFact) -> ChargeFact:
    return replace(charge, brand=None, last4=None, expires=None, receipt_url=None)

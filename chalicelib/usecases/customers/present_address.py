"""Ensures that an invoice is mailed to the customer's present address only.

A finalized invoice keeps the address that it was sent to, and a draft keeps its Stripe customer.
"""

from __future__ import annotations

from chalicelib.domain.customer import Customer
from chalicelib.domain.customer_fields import same_address
from chalicelib.domain.errors import FormerAddress, Refused
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.invoice import Invoice


def require_address(customer: Customer) -> None:
    """Refuses to bill a customer without an e-mail address.

    Raises:
        Refused: the customer has no e-mail address.
    """
    if customer.profile.email is None:
        raise Refused(
            "customer_email_missing",
            "This customer has no e-mail address, so Stripe cannot send an invoice.",
            field="customerId",
            next_step="Add an e-mail address to the customer.",
        )


def require_present_address(invoice: Invoice, customer: Customer, account_id: StripeAccountId) -> None:
    """Refuses to mail an invoice that Stripe would send to a former address.

    Raises:
        FormerAddress: the customer has another address or none, or is linked to another Stripe customer. The message
            names no address, because it may be logged.
    """
    finalized_for = invoice.facts.invoice.customer_email if invoice.facts.invoice else None
    if finalized_for is not None and not same_address(customer.profile.email, finalized_for):
        raise FormerAddress(
            "customer_email_changed",
            "The customer's e-mail address has changed since the invoice was sent. Stripe would mail to the old one.",
            field="customerId",
            next_step="Correct the invoice: that voids it and makes a draft copy, which goes to the present address. "
            "Or send the customer the payment link yourself.",
        )
    if invoice.drafted_for not in (None, customer.linked_to(account_id)):
        raise FormerAddress(
            "draft_of_other_customer",
            "The draft was made for another Stripe customer than the customer is linked to now.",
            field="customerId",
            next_step="If the draft is still there, void it. Then bill the services again.",
        )

"""The link of a customer to a Stripe customer, and the choice that the office makes if several could be linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.customer_fields import Field, InStep
from chalicelib.domain.errors import Refused
from chalicelib.domain.identifiers import StripeAccountId


@dataclass(frozen=True, slots=True)
class StripeClaim:
    """A claim on a Stripe customer: no other customer of the organization can be linked to it."""

    account_id: StripeAccountId
    stripe_customer_id: str


@dataclass(frozen=True, slots=True)
class StripeLink:
    """A link to a Stripe customer. `synced_edition` is the edition of POM's record that Stripe received last."""

    account_id: StripeAccountId
    stripe_customer_id: str
    synced_edition: int
    in_step: Mapping[Field, InStep] | None = None
    """The fields as they were when both sides were last in step. None in a record of an earlier release."""
    claims: bool = False
    """True if this customer holds a claim on the Stripe customer. False in a record of a release without claims."""


class ChoiceNeeded(Refused):
    """Several Stripe customers have the address, and none of them names this customer in its metadata."""

    def __init__(self, candidates: tuple[str, ...], account_id: StripeAccountId | None = None) -> None:
        message, _, next_step = choice_text(candidates).partition(". ")
        super().__init__("customer_needs_choice", f"{message}.", field="customerId", next_step=next_step)
        self.candidates = candidates
        self.account_id = account_id


def choice_text(candidates: tuple[str, ...]) -> str:
    """Returns the sentences that the office reads if Stripe has several customers with one address."""
    return (
        f"Stripe has {len(candidates)} customers with this e-mail address. "
        "Save the customer with stripeCustomerId set to the one that is meant: " + ", ".join(candidates[:5])
    )

"""Which Stripe customer a customer is linked to, and the choice that the office has if there are several."""

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
    """A link to a Stripe customer. `synced_edition` is the edition of POM's record that Stripe was given last."""

    account_id: StripeAccountId
    stripe_customer_id: str
    synced_edition: int
    in_step: Mapping[Field, InStep] | None = None
    """The fields as they were last in step; None in a record stored before they were kept."""
    claims: bool = False
    """True if this customer holds a claim on the Stripe customer; False in a record stored before claims existed."""


class ChoiceNeeded(Refused):
    """Several Stripe customers have one address, and the metadata of none names this customer."""

    def __init__(self, candidates: tuple[str, ...], account_id: StripeAccountId | None = None) -> None:
        message, _, next_step = choice_text(candidates).partition(". ")
        super().__init__("customer_needs_choice", f"{message}.", field="customerId", next_step=next_step)
        self.candidates = candidates
        self.account_id = account_id


def choice_text(candidates: tuple[str, ...]) -> str:
    """Returns what the office reads when Stripe has several customers of one address."""
    return (
        f"Stripe has {len(candidates)} customers with this e-mail address. "
        "Save the customer with stripeCustomerId set to the one that is meant: " + ", ".join(candidates[:5])
    )

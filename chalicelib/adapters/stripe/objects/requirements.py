"""Stripe's requirements for a business, in plain words.

https://docs.stripe.com/connect/handling-api-verification
"""

from __future__ import annotations

import msgspec

from chalicelib.adapters.stripe.objects.fields import Code
from chalicelib.domain.facts import COMPLETE_VERIFICATION, LOOK_AT_ACCOUNT, Requirement

REQUIREMENT_TEXTS = {
    "external_account": "Add the bank account that payouts go to.",
    "business_profile": "Complete the business profile (website, product description, support contact).",
    "business_type": "Say what kind of business this is.",
    "company": "Complete the details of the company.",
    "individual": "Complete the personal details of the account's owner.",
    "owners": "Add the owners of the company.",
    "directors": "Add the directors of the company.",
    "executives": "Add the executives of the company.",
    "representative": "Complete the details of the company's representative.",
    "person": "Complete the details of a person named on the account.",
    "relationship": "Name the people who own or run the company.",
    "tos_acceptance": "Accept Stripe's terms of service.",
    "settings": "Complete the account's payment settings.",
}


def requirement_text(field: str) -> str:
    """Returns the text that tells the company how to meet one of Stripe's requirement fields."""
    subject = field.split(".")[0]
    if subject.startswith("person_"):
        subject = "person"
    return REQUIREMENT_TEXTS.get(subject, "Complete this in the Stripe dashboard.")


ADD_BANK_ACCOUNT = "Add the bank account in the Stripe dashboard, under Settings, Payouts."
ACCEPT_TERMS = "Accept the terms of service in the Stripe dashboard."
NEXT_STEPS = {"external_account": ADD_BANK_ACCOUNT, "tos_acceptance": ACCEPT_TERMS}
"""The next step for a requirement outside the business verification, by the first part of its field."""


def due_requirement(field: str, problem: str | None) -> Requirement:
    """Returns the requirement for one of Stripe's fields.

    `problem` is Stripe's own description of the error, or None.
    """
    next_step = NEXT_STEPS.get(field.split(".")[0], COMPLETE_VERIFICATION)
    return Requirement(field, problem or requirement_text(field), next_step)


REJECTED = Requirement(
    "account",
    "Stripe has rejected this account and it can no longer take payments. Ask Stripe support about it.",
    "Ask Stripe support about the account.",
)
PAUSED = Requirement("account", "Stripe has paused this account.", LOOK_AT_ACCOUNT)
"""Also used for an unknown reason, because Stripe's name for it might reveal something confidential."""

DISABLED = {
    "action_required.requested_capabilities": Requirement(
        "account",
        "This account has not asked Stripe to take payments yet.",
        "Turn on the payment methods in the Stripe dashboard.",
    ),
    "listed": Requirement(
        "account",
        "Stripe has paused this account while it looks into it.",
        "Wait for Stripe's decision, or ask Stripe support.",
    ),
    "other": PAUSED,
    "platform_paused": Requirement(
        "account",
        "The payments of this account were paused by the platform, not by Stripe.",
        "Contact support: they can explain why, and when it resumes.",
    ),
    "requirements.past_due": Requirement(
        "account", "Stripe has waited too long for details of this business.", COMPLETE_VERIFICATION
    ),
    "requirements.pending_verification": Requirement(
        "account",
        "Stripe is checking what was submitted; there is nothing to do.",
        "Wait until Stripe has finished checking.",
    ),
    "under_review": Requirement(
        "account",
        "Stripe is reviewing this account.",
        "Wait for the end of the review, or ask Stripe support.",
    ),
}
"""The requirement for each reason for which an account is disabled.

https://docs.stripe.com/api/accounts/object#account_object-requirements-disabled_reason. All reasons that begin with
`rejected.` get the same text, because some of them say that fraud is suspected.
"""


def is_rejected(disabled_reason: str) -> bool:
    """Returns True if Stripe has permanently rejected the account, so that no document can help."""
    return disabled_reason.startswith("rejected.")


def disabled_requirement(disabled_reason: str) -> Requirement:
    """Returns the reason why Stripe has disabled the account, with the next step for the company."""
    return REJECTED if is_rejected(disabled_reason) else DISABLED.get(disabled_reason, PAUSED)


class RequirementError(msgspec.Struct):
    requirement: str
    reason: Code = ""


class Requirements(msgspec.Struct):
    """https://docs.stripe.com/api/accounts/object#account_object-requirements"""

    currently_due: list[str] | None = None
    past_due: list[str] | None = None
    disabled_reason: str | None = None
    errors: list[RequirementError] | None = None

    def in_words(self) -> tuple[Requirement, ...]:
        """Returns Stripe's requirements in plain words (https://docs.stripe.com/connect/handling-api-verification).

        The documents of a rejected account are left out, because they would change nothing.
        """
        disabled_reason = self.disabled_reason
        if disabled_reason and is_rejected(disabled_reason):
            return (disabled_requirement(disabled_reason),)
        problems = {error.requirement: error.reason for error in self.errors or []}
        due = dict.fromkeys([*(self.past_due or []), *(self.currently_due or []), *problems])
        requirements = tuple(due_requirement(field, problems.get(field)) for field in due)
        if not requirements and disabled_reason:
            return (disabled_requirement(disabled_reason),)
        return requirements

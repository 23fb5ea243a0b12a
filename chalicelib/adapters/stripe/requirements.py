"""What Stripe asks of a business, in words (https://docs.stripe.com/connect/handling-api-verification)."""

from __future__ import annotations

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
    """What the company should do about one of Stripe's requirement fields."""
    subject = field.split(".")[0]
    if subject.startswith("person_"):
        subject = "person"
    return REQUIREMENT_TEXTS.get(subject, "Complete this in the Stripe dashboard.")

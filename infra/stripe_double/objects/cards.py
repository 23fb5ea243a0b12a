"""Stripe's published test cards, bank accounts and `pm_…` tokens (https://docs.stripe.com/testing)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Method:
    """A payment method of the test mode, and the result of paying with it. An empty `code` means that the payment
    succeeds.
    """

    kind: str = "card"
    number: str = "4242424242424242"
    brand: str = "visa"
    funding: str = "credit"
    code: str = ""
    decline_code: str = ""
    """The decline code. It is empty where https://docs.stripe.com/testing#declined-payments has none, as for an
    expired card.
    """
    message: str = ""
    without_charge: bool = False
    """True if the method is refused before a charge is made, as a wrong number is."""
    authenticate: bool = False
    """True if the payer must pass 3-D Secure first. `code` is the result after that."""
    dispute: str = ""
    """The reason of the dispute that follows the payment at once; empty if none does."""
    refund: str = ""
    """`pending`: a refund takes days. `fail`: a refund succeeds, and fails days later."""
    never_settles: bool = False
    skips_pending: bool = False
    """True if the money is available as soon as it is captured."""
    exp_month: int = 12
    exp_year: int = 2034
    """The expiry that tokens and controls use, because a test card accepts any future month."""

    @property
    def attachable(self) -> bool:
        """False if Stripe refuses to attach the method to a customer, as it does with a card that its issuer
        declines.

        https://docs.stripe.com/testing#declined-payments
        """
        later = self.kind != "card" or self.authenticate or self.number in _DECLINED_LATER
        return later or not self.code

    @property
    def last4(self) -> str:
        """The last four digits of the number."""
        return self.number[-4:]


_DECLINED_LATER = ("4000000000000341", "4100000000000019")
"""Cards that can be attached to a customer, and are declined or blocked when they are charged."""
_DECLINE_MESSAGES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "card_velocity_exceeded": "Your card was declined for making repeated attempts too frequently.",
    "incorrect_number": "Your card number is incorrect.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}


def _decline(number: str, code: str, decline_code: str = "", **fields: object) -> Method:
    message = _DECLINE_MESSAGES.get(decline_code) or _DECLINE_MESSAGES.get(code) or "Your card was declined."
    method = Method(number=number, code=code, decline_code=decline_code, message=message)
    return replace(method, **fields)  # type: ignore[arg-type]


def _bank(number: str, code: str = "", message: str = "", **fields: object) -> Method:
    base = Method("us_bank_account", number, "STRIPE TEST BANK", "checking", code, "", message)
    return replace(base, **fields)  # type: ignore[arg-type]


_ACCEPTED_CARDS = {
    "4242424242424242": ("visa", "credit"),
    "4000056655665556": ("visa", "debit"),
    "4000000000003220": ("visa", "credit"),
    "5555555555554444": ("mastercard", "credit"),
    "2223003122003222": ("mastercard", "credit"),
    "5200828282828210": ("mastercard", "debit"),
    "5105105105105100": ("mastercard", "prepaid"),
    "378282246310005": ("amex", "credit"),
    "371449635398431": ("amex", "credit"),
    "6011111111111117": ("discover", "credit"),
    "3056930009020004": ("diners", "credit"),
    "36227206271667": ("diners", "credit"),
    "3566002020360505": ("jcb", "credit"),
    "6200000000000005": ("unionpay", "credit"),
}

CARDS: dict[str, Method] = {n: Method(number=n, brand=b, funding=f) for n, (b, f) in _ACCEPTED_CARDS.items()}
CARDS |= {
    m.number: m
    for m in (
        _decline("4000000000000002", "card_declined", "generic_decline"),
        _decline("4000000000009995", "card_declined", "insufficient_funds"),
        _decline("4000000000009987", "card_declined", "lost_card"),
        _decline("4000000000009979", "card_declined", "stolen_card"),
        _decline("4100000000000019", "card_declined", "fraudulent"),
        _decline("4000000000006975", "card_declined", "card_velocity_exceeded"),
        _decline("4000000000000341", "card_declined", "generic_decline"),
        _decline("4000000000000069", "expired_card"),
        _decline("4000000000000127", "incorrect_cvc"),
        _decline("4000000000000119", "processing_error"),
        _decline("4242424242424241", "incorrect_number", without_charge=True),
        replace(CARDS["4242424242424242"], number="4000002500003155", authenticate=True),
        replace(CARDS["4242424242424242"], number="4000002760003184", authenticate=True),
        replace(CARDS["4242424242424242"], number="4000000000003220", authenticate=True),
        _decline("4000008260003178", "card_declined", "insufficient_funds", authenticate=True),
        _decline("4000008400001629", "card_declined", "generic_decline", authenticate=True),
        Method(number="4000000000000077", skips_pending=True),
        Method(number="4000000000000259", dispute="fraudulent"),
        Method(number="4000000000002685", dispute="product_not_received"),
        Method(number="4000000000001976", dispute="inquiry"),
        Method(number="4000000000007726", refund="pending"),
        Method(number="4000000000005126", refund="fail"),
    )
}

_CLOSED = "The customer's bank account has been closed."
_NOT_FOUND = "The customer's bank account could not be located."
_NO_FUNDS = "The customer's account has insufficient funds to cover this payment."
_UNAUTHORIZED = "The customer has notified their bank that this payment was unauthorized."
BANKS: dict[str, Method] = {
    m.number: m
    for m in (
        _bank("000123456789"),
        _bank("000111111113", "account_closed", _CLOSED),
        _bank("000111111116", "no_account", _NOT_FOUND),
        _bank("000222222227", "insufficient_funds", _NO_FUNDS),
        _bank("000333333335", "debit_not_authorized", _UNAUTHORIZED),
        _bank("000444444440", "invalid_currency", "The currency is invalid for this bank account."),
        _bank("000555555559", dispute="fraudulent"),
        _bank("000000000009", never_settles=True),
    )
}
ROUTING_NUMBER = "110000000"
_DEBIT_MESSAGES = {each.code: each.message for each in BANKS.values() if each.code}
_DEBIT_FAILED = "The customer's bank did not accept this payment."
"""The message for a bank debit that fails with a code that no test account has."""

_TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_mastercard_debit": "5200828282828210",
    "pm_card_amex": "378282246310005",
    "pm_card_discover": "6011111111111117",
    "pm_card_diners": "3056930009020004",
    "pm_card_jcb": "3566002020360505",
    "pm_card_mastercard_prepaid": "5105105105105100",
    "pm_card_unionpay": "6200000000000005",
    "pm_card_us": "4242424242424242",
    "pm_card_bypassPending": "4000000000000077",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedFraudulent": "4100000000000019",
    "pm_card_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_radarBlock": "4100000000000019",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeProductNotReceived": "4000000000002685",
    "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
}
_BANK_TOKENS = {
    "pm_usBankAccount": "000123456789",
    "pm_usBankAccount_success": "000123456789",
    "pm_usBankAccount_accountClosed": "000111111113",
    "pm_usBankAccount_noAccount": "000111111116",
    "pm_usBankAccount_insufficientFunds": "000222222227",
    "pm_usBankAccount_debitNotAuthorized": "000333333335",
    "pm_usBankAccount_invalidCurrency": "000444444440",
    "pm_usBankAccount_dispute": "000555555559",
    "pm_usBankAccount_processing": "000000000009",
}
TOKENS: dict[str, Method] = {t: CARDS[n] for t, n in _TOKENS.items()}
TOKENS |= {t.replace("pm_card_", "pm_card_visa_"): m for t, m in TOKENS.items() if "charge" in t}
TOKENS |= {t: BANKS[n] for t, n in _BANK_TOKENS.items()}


def with_decline(method: Method, decline: Sequence[str]) -> Method:
    """Returns the method changed to fail with a code and an optional decline code. Raises ValueError for any other
    tuple.
    """
    if isinstance(decline, str) or not 1 <= len(decline) <= 2 or not all(decline):
        raise ValueError(f"decline is (code,) or (code, decline_code), not {decline!r}")
    code, decline_code = decline[0], "".join(decline[1:])
    if method.kind != "card":
        return replace(method, code=code, decline_code=decline_code, message=_DEBIT_MESSAGES.get(code, _DEBIT_FAILED))
    declined = _decline(method.number, code, decline_code, brand=method.brand, funding=method.funding)
    return replace(declined, authenticate=method.authenticate, without_charge=code == "incorrect_number")


def by_card_number(number: str) -> Method:
    """Returns the method of a card number. A number that Stripe does not publish is declined as
    `incorrect_number`.
    """
    digits = "".join(c for c in number if c.isdigit())
    unknown = replace(CARDS["4242424242424241"], number=digits or "0000")
    return CARDS.get(digits, unknown)


def by_bank_account(account: str) -> Method | None:
    """Returns the method of a bank account number, or None if Stripe does not publish it."""
    return BANKS.get("".join(c for c in account if c.isdigit()))


def by_name(name: str) -> Method:
    """Returns the method of a token, card number or bank account number. Raises ValueError for an unknown token."""
    if name.startswith("pm_"):
        if name not in TOKENS:
            raise ValueError(f"unknown payment method token: {name}")
        return TOKENS[name]
    return by_bank_account(name) or by_card_number(name)

"""The settings by which the money of an account is settled."""

from __future__ import annotations

from dataclasses import dataclass, field

SCHEDULES = ("manual", "daily")


@dataclass(frozen=True)
class Settlement:
    """The settlement settings of one account. Raises ValueError for a schedule that the double does not implement."""

    settlement_currencies: tuple[str, ...] = ()
    """The currencies with their own bank account and balance. If empty, only the account's default currency has one.

    Payments in another currency are converted to the first one
    (https://docs.stripe.com/payouts/multicurrency-settlement).
    """
    settlement_days: int = 2
    """Days until the money of a payment is available, at 00:00 UTC."""
    async_capture: bool = True
    """False if a card charge has its balance transaction at once, and no `charge.updated` follows."""
    fee_tax_rate: float = 0.0
    """Tax on Stripe's fees, in percent."""
    payout_schedule: str = "manual"
    """`daily`: the available balance is paid out at 00:00 UTC. `manual`: only a control pays out."""
    arrival_days: int = 2
    """Days until a payout arrives at the bank."""
    minimum_balance: dict[str, int] = field(default_factory=dict)
    """The amount that automatic payouts leave in the balance, in minor units by currency."""
    bank_name: str = "STRIPE TEST BANK"
    bank_last4: str = "6789"

    def __post_init__(self) -> None:
        if self.payout_schedule not in SCHEDULES:
            raise ValueError(f"payout_schedule is {' or '.join(SCHEDULES)}, not {self.payout_schedule!r}")

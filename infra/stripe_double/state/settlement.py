"""How the money of an account is settled: what its owner and Stripe have chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

SCHEDULES = ("manual", "daily")


@dataclass(frozen=True)
class Settlement:
    """The settlement settings of one account. Raises ValueError for a schedule that is not played."""

    settlement_currencies: tuple[str, ...] = ()
    """Currencies with a bank account and a balance of their own; empty: the account's default currency.

    Payments in another currency are converted to the first (https://docs.stripe.com/payouts/multicurrency-settlement).
    """
    settlement_days: int = 2
    """Days until the money of a payment is available, at 00:00 UTC."""
    async_capture: bool = True
    """False if a card charge has its balance transaction at once, and no `charge.updated` follows."""
    fee_tax_rate: float = 0.0
    """Tax on Stripe's fees, in percent."""
    payout_schedule: str = "manual"
    """`daily`: what is available is paid out at 00:00 UTC. `manual`: only a control pays out."""
    arrival_days: int = 2
    """Days until a payout arrives at the bank."""
    minimum_balance: dict[str, int] = field(default_factory=dict)
    """What automatic payouts leave behind, in minor units by currency."""
    bank_name: str = "STRIPE TEST BANK"
    bank_last4: str = "6789"

    def __post_init__(self) -> None:
        if self.payout_schedule not in SCHEDULES:
            raise ValueError(f"payout_schedule is {' or '.join(SCHEDULES)}, not {self.payout_schedule!r}")

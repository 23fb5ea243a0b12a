"""Progress bars for a comparison of payouts with Stripe's lists: the payouts, and the lines of the current payout.

Lines are counted when they come from Stripe. So the bar also moves during a repair, which lists the lines again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from chalicelib.domain.balance_transactions import BalanceTransaction
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.domain.payout import PayoutFact
from chalicelib.ports import Ports, StripeGateway
from infra.ops.screen import Screen


@contextmanager
def watched_listing(ports: Ports, screen: Screen) -> Iterator[Ports]:
    """Yields ports that show a progress bar on a terminal while payouts and lines are listed."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    hidden = screen.as_json or not console.is_terminal
    with Progress(*columns, console=console, disable=hidden, transient=True) as bars:
        yield cast(Ports, _WatchedPorts(ports, bars))


class _WatchedPorts:
    def __init__(self, ports: Ports, bars: Progress) -> None:
        self._ports = ports
        self.stripe = cast(StripeGateway, _WatchedStripe(ports.stripe, bars))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


class _WatchedStripe:
    def __init__(self, stripe: StripeGateway, bars: Progress) -> None:
        self._stripe = stripe
        self._bars = bars
        self._payouts = bars.add_task("Payouts", total=None)
        self._lines = bars.add_task("Lines", total=None)

    def payouts(self, account_id: StripeAccountId, since: int) -> Iterator[PayoutFact]:
        facts = list(self._stripe.payouts(account_id, since))
        self._bars.update(self._payouts, total=len(facts))
        for fact in facts:
            yield fact
            self._bars.advance(self._payouts)

    def balance_transactions(
        self, account_id: StripeAccountId, payout_id: str, after: str | None = None
    ) -> Iterator[Sequence[BalanceTransaction]]:
        self._bars.reset(self._lines, description=f"Lines of {payout_id}", total=None)
        for page in self._stripe.balance_transactions(account_id, payout_id, after):
            self._bars.advance(self._lines, len(page))
            yield page

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stripe, name)

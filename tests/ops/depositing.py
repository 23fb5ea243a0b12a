"""A company with daily payouts, and an operator who inspects them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.payout import Payout, PayoutFilter
from infra.ops.explain_payout import explain_payout
from infra.ops.payouts import payouts
from infra.ops.screen import Screen
from tests.usecases.invoicing.refunding import DAY, Company
from tests.world import ORGANIZATION


@dataclass(frozen=True)
class CommandOutput:
    """The result of a command: its document, its text on the screen, and whether it failed."""

    document: dict[str, Any]
    out: str
    err: str
    failed: bool

    @property
    def results(self) -> list[tuple[str, str | None]]:
        return [(row["result"], row["why"]) for row in self.document["payouts"]]


class Depositing(Company):
    """A company with a paid invoice of 75.00, and daily payouts."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self._capsys = capsys
        self.world.double.update_account(self.account, payout_schedule="daily")

    def days_pass(self, days: int, *, lost: bool = False) -> None:
        """Payouts go out. Webhooks and workers do their part, unless the webhooks are `lost`."""
        self.world.double.set_delivery(lose_rate=float(lost))
        for _ in range(24 * days):
            self.world.advance(DAY // 24)
            self.world.deliver()
            self.world.work()
        self.world.double.set_delivery(lose_rate=0.0)

    def pays_out_once(self, **how: Any) -> None:
        """Pays out all money that is available after three days in one payout, which arrives."""
        self.world.double.update_account(self.account, payout_schedule="manual")
        self.days_pass(3)
        self.world.double.pay_out(self.account, **how)
        self.days_pass(3)

    def stored(self) -> list[Payout]:
        """Returns the payouts that POM has, the latest first."""
        return list(self.world.ports.payouts.page(ORGANIZATION, PayoutFilter(), 100, None).items)

    def loses_lines(self) -> None:
        """POM's lines of the latest payout are gone, and so is the payment's deposit."""
        payout = self.stored()[0]
        lines = list(self.world.ports.payouts.all_lines(ORGANIZATION, payout.id))
        self.world.ports.payouts.remove_lines(ORGANIZATION, payout.id, lines)

    def compares(
        self, organization: str = ORGANIZATION, *, days: int = 90, repair: bool = False, dry_run: bool = False
    ) -> CommandOutput:
        """Runs `payouts`, as an operator does."""
        return self._runs(payouts.callback, organization, days, repair, dry_run)

    def explains(self, payout_id: str) -> CommandOutput:
        """Runs `explain payout`, as an operator does."""
        return self._runs(explain_payout.callback, ORGANIZATION, payout_id)

    def _runs(self, command: Callable[..., Any] | None, *words: Any) -> CommandOutput:
        assert command is not None
        self._capsys.readouterr()
        screen = Screen()
        inspect.unwrap(command)(SimpleNamespace(ports=self.world.ports), screen, *words)
        printed = self._capsys.readouterr()
        return CommandOutput(screen.document, printed.out, printed.err, screen.failed)

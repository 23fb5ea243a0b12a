"""Proof `machine`: Hypothesis plays two companies, and every invariant holds after each rule.

Claim: the invariants hold after any action in any order that Hypothesis chooses, and in the end POM is equal to
Stripe.

Method: all actions of `actions` are rules, with or without faults. Hypothesis shrinks a failing sequence.

Limits: as in `conservation`.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.proofs.actions import ACTIONS, PLAYERS
from tests.proofs.conservation import come_to_rest
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import Town
from tests.proofs.stage import Action

NUMBERS = st.integers(0, 999)
COMMON = [name for name, (weight, _) in ACTIONS.items() if weight > 2]


class Companies(RuleBasedStateMachine):
    """Two companies, and all actors on them."""

    rules = 0

    @initialize(seed=NUMBERS)
    def settle(self, seed: int) -> None:
        """Sets the versions of the companies' accounts, by the seed."""
        self.town = Town(seed)

    def _do(self, *deeds: Action) -> None:
        Companies.rules += len(deeds)
        self.town.play(deeds, PLAYERS)

    @rule(number=NUMBERS, calm=st.booleans())
    def create(self, number: int, calm: bool) -> None:
        self._do(Action("create", number, calm))

    @rule(number=NUMBERS)
    def payer(self, number: int) -> None:
        self._do(Action("pay", number))

    @rule(number=NUMBERS, calm=st.booleans())
    def deliver(self, number: int, calm: bool) -> None:
        self._do(Action("deliver", number, calm))

    @rule(name=st.sampled_from(COMMON), number=NUMBERS, calm=st.booleans())
    def often(self, name: str, number: int, calm: bool) -> None:
        self._do(Action(name, number, calm))

    @rule(name=st.sampled_from(sorted(ACTIONS)), number=NUMBERS)
    def anything(self, name: str, number: int) -> None:
        self._do(Action(name, number))

    @rule(names=st.lists(st.sampled_from(sorted(ACTIONS)), min_size=2, max_size=4), number=NUMBERS)
    def at_once(self, names: list[str], number: int) -> None:
        self._do(*(Action(name, number + position) for position, name in enumerate(names)))

    @invariant()
    def sums_hold(self) -> None:
        self.town.invariants.between_deeds()

    def teardown(self) -> None:
        come_to_rest(self.town)


def prove(budget: Budget) -> Result:
    result = Result("Hypothesis state machine", "lives of up to 20 rules", seed=budget.seed)
    Companies.rules = 0
    batch = budget.of(5, 60, 100)
    while not result.failures and (result.count == 0 or (budget.slice == "full" and budget.left > 0)):
        machine: Any = seed(budget.seed + result.count)(Companies)
        quiet = settings(
            max_examples=batch, stateful_step_count=20, deadline=None, database=None, print_blob=True,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
        )  # fmt: skip
        failure_text = io.StringIO()
        try:
            with contextlib.redirect_stdout(failure_text):
                run_state_machine_as_test(machine, settings=quiet)
        except Exception as failure:  # noqa: BLE001 the table tells it
            notes = "\n  ".join(getattr(failure, "__notes__", ()))
            result.failures.append(f"seed {budget.seed + result.count}: {failure}\n  {notes}")
        result.count += batch
    result.figures = {"rules": Companies.rules}
    return result

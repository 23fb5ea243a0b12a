"""Proof 5, a stateful machine: Hypothesis plays two companies, and every invariant holds after each rule.

Claimed. Whatever Hypothesis can think of doing in a town, in whatever order, the invariants hold after each thing
done, and come the end, everything heals.

Tried. All deeds of `deeds` as rules, calm or struck by faults. Hypothesis shrinks what fails.

Not shown. As in proof 1.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.proofs.actions import DEEDS, PLAYERS
from tests.proofs.conservation import come_to_rest
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import Town
from tests.proofs.stage import Deed

NUMBERS = st.integers(0, 999)
COMMON = [name for name, (weight, _) in DEEDS.items() if weight > 2]


class Companies(RuleBasedStateMachine):
    """Two companies, and everybody who acts on them."""

    rules = 0

    @initialize(seed=NUMBERS)
    def settle(self, seed: int) -> None:
        """The seed decides the versions of the companies' accounts."""
        self.town = Town(seed)

    def _do(self, *deeds: Deed) -> None:
        Companies.rules += len(deeds)
        self.town.play(deeds, PLAYERS)

    @rule(number=NUMBERS, calm=st.booleans())
    def create(self, number: int, calm: bool) -> None:
        self._do(Deed("create", number, calm))

    @rule(number=NUMBERS)
    def payer(self, number: int) -> None:
        self._do(Deed("pay", number))

    @rule(number=NUMBERS, calm=st.booleans())
    def deliver(self, number: int, calm: bool) -> None:
        self._do(Deed("deliver", number, calm))

    @rule(name=st.sampled_from(COMMON), number=NUMBERS, calm=st.booleans())
    def often(self, name: str, number: int, calm: bool) -> None:
        self._do(Deed(name, number, calm))

    @rule(name=st.sampled_from(sorted(DEEDS)), number=NUMBERS)
    def anything(self, name: str, number: int) -> None:
        self._do(Deed(name, number))

    @rule(names=st.lists(st.sampled_from(sorted(DEEDS)), min_size=2, max_size=4), number=NUMBERS)
    def at_once(self, names: list[str], number: int) -> None:
        self._do(*(Deed(name, number + position) for position, name in enumerate(names)))

    @invariant()
    def sums_hold(self) -> None:
        self.town.invariants.between_deeds()

    def teardown(self) -> None:
        come_to_rest(self.town)


def prove(budget: Budget) -> Result:
    found = Result("stateful machine", "lives of up to 20 rules", seed=budget.seed)
    Companies.rules = 0
    batch = budget.of(5, 60, 100)
    while not found.failures and (found.count == 0 or (budget.slice == "full" and budget.left > 0)):
        machine: Any = seed(budget.seed + found.count)(Companies)
        quiet = settings(
            max_examples=batch, stateful_step_count=20, deadline=None, database=None, print_blob=True,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
        )  # fmt: skip
        told = io.StringIO()
        try:
            with contextlib.redirect_stdout(told):
                run_state_machine_as_test(machine, settings=quiet)
        except Exception as failure:  # noqa: BLE001 the table tells it
            notes = "\n  ".join(getattr(failure, "__notes__", ()))
            found.failures.append(f"seed {budget.seed + found.count}: {failure}\n  {notes}")
        found.count += batch
    found.figures = {"rules": Companies.rules}
    return found

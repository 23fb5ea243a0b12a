"""A short slice of each proof, and that the simulation itself can be trusted."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from infra.local.stack import ROOT
from tests.proofs import conservation, crashes, healing, machine, never_twice, permutations
from tests.proofs.__main__ import HELD, PROOFS
from tests.proofs.claims import INVARIANTS
from tests.proofs.deeds import schedule
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import Town
from tests.proofs.stage import Deed

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("proof", [conservation, crashes, healing, machine, never_twice, permutations])
def test_a_short_slice_holds(proof) -> None:  # type: ignore[no-untyped-def]
    result = proof.prove(Budget(slice="short", seconds=2))
    assert result.count > 0
    assert result.failures == []


def test_the_same_seed_is_the_same_execution() -> None:
    assert conservation.run(7).digest == conservation.run(7).digest
    assert conservation.run(7).digest != conservation.run(8).digest


def test_the_same_seed_is_the_same_execution_in_another_process() -> None:
    said = "from tests.proofs.conservation import run; print(run(7).digest)"
    told = [
        subprocess.run(
            [sys.executable, "-c", said], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]


def test_a_lost_write_is_found_and_its_shortest_schedule_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof itself is put to the proof: with a guard taken out, it must fail."""
    from chalicelib.usecases import apply_invoice_event

    monkeypatch.setattr(apply_invoice_event, "_knowing", lambda invoice, *_: invoice)
    monkeypatch.setattr(conservation, "come_to_rest", _without_objects)
    deeds = [Deed(name, number, calm=True) for name in ("create", "pay") for number in range(4)]
    found = conservation.run(1, deeds)
    assert found.violation is not None
    assert "POM and Stripe differ" in found.violation
    least = conservation.shortest(found, patience=20)
    assert len(least.schedule) <= 2
    assert "--replay create." in conservation.replay_line(least)


def _without_objects(town: Town) -> None:
    town.double.drain()
    town.invariants.at_rest(customers=False)


def test_every_test_of_a_proof_is_run_by_make_proofs() -> None:
    files = {str(file.relative_to(ROOT)) for file in (ROOT / "tests/proofs").glob("test_*.py")}
    assert files <= {file for held in HELD.values() for file in held}


def test_a_schedule_survives_being_written_down() -> None:
    for deed in (*schedule(3, 20), Deed("pay", 4, calm=True)):
        assert Deed.parse(str(deed)) == deed
    assert replace(Deed("pay", 4), calm=True) == Deed.parse("pay.4-")


def test_every_invariant_is_told_in_the_docs_with_the_proofs_that_hold_it() -> None:
    told = (ROOT / "docs/proofs.md").read_text()
    assert [each.number for each in INVARIANTS] == list(range(1, 13))
    for each in INVARIANTS:
        proofs = " ".join(f"`{name}`" for name in each.proofs)
        assert f"| {each.number} | {each.claim} | {proofs} |" in told
        assert set(each.proofs) <= set(PROOFS)
    assert all(f"| `{name}` |" in told for name in PROOFS)


def test_an_invariant_holds_only_if_all_that_was_tried_does() -> None:
    service = INVARIANTS[0]
    held, failed = Result("", "", count=1), Result("", "", count=1, failures=["seed 7"])
    assert service.verdict({}) == service.verdict({"machine": Result("", "skipped")}) == "not tried"
    assert service.verdict({"machine": held, "load": failed}) == "held"
    assert service.verdict({"machine": held, "never-twice": failed}) == "FAILED"

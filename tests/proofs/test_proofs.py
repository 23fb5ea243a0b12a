"""A short slice of each proof, and tests that the simulation itself detects faults."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import summary
from chalicelib.domain.events import StripeEvent
from infra.local.stack import ROOT
from tests.fakes.events import FakeEvents
from tests.fakes.payments import FakePayments
from tests.fakes.payouts import FakePayouts
from tests.proofs import (
    conservation,
    crashes,
    late_responses,
    machine,
    never_twice,
    permutations,
    publishing,
    quarter,
    reconciliation,
)
from tests.proofs.__main__ import PROOFS, PYTEST_PROOFS
from tests.proofs.actions import schedule
from tests.proofs.claims import INVARIANTS
from tests.proofs.invariants import Invariants
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import Town
from tests.proofs.stage import Action

pytestmark = pytest.mark.proof


DAY = 86_400

PAID = [Action(name, number, calm=True) for name in ("create", "pay") for number in range(4)]
"""The actions of a town in which invoices are created and paid without faults."""


@pytest.mark.parametrize(
    "proof",
    [conservation, crashes, reconciliation, late_responses, machine, never_twice, permutations, quarter, publishing],
)
def test_a_short_slice_of_each_proof_finds_no_failure(proof) -> None:  # type: ignore[no-untyped-def]
    result = proof.prove(Budget(slice="short", seconds=2))
    assert result.count > 0
    assert result.failures == []


def test_a_seed_always_gives_the_same_execution() -> None:
    assert conservation.run(7).digest == conservation.run(7).digest
    assert conservation.run(7).digest != conservation.run(8).digest


def test_a_seed_gives_the_same_execution_in_another_process() -> None:
    program = "from tests.proofs.conservation import run; print(run(7).digest)"
    digests = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]
    assert digests[0] == digests[1]


def test_a_lost_write_is_detected_and_reported_with_its_shortest_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof must fail if a guard is missing."""
    from chalicelib.usecases.events import apply_invoice_event

    monkeypatch.setattr(apply_invoice_event, "_with_object", lambda invoice, event, *_: (event.fact, invoice))
    monkeypatch.setattr(conservation, "come_to_rest", _without_objects)
    execution = conservation.run(1, PAID)
    assert execution.violation is not None
    assert "POM and Stripe differ" in execution.violation
    least = conservation.shortest(execution, patience=20)
    assert len(least.schedule) <= 2
    assert "--replay create." in conservation.replay_line(least)


def test_an_event_without_a_marker_is_reported_as_missing_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeEvents, "mark", lambda self, marker: None)
    monkeypatch.setattr(Invariants, "acknowledged", lambda *_, **__: None)
    monkeypatch.setattr(conservation, "a_day_later", lambda town: None)  # its sweep would find events of payouts
    execution = conservation.run(1, PAID)
    assert execution.violation is not None
    assert execution.violation.startswith("15: not in the log")


def test_a_payment_without_its_row_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "changed_movements", lambda before, after: ())
    execution = conservation.run(1, PAID)
    assert execution.violation is not None
    assert execution.violation.startswith("14: ")


def test_a_payout_line_of_the_wrong_invoice_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The town has no owners for payout lines, as if every line belonged to other business."""
    from chalicelib.usecases.payouts import read_payout

    monkeypatch.setattr(read_payout, "owners_of", lambda *_: {})
    assert _violation_of_money(monkeypatch).startswith("16: ")


def test_a_fee_that_is_not_stored_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePayments, "settle", lambda self, organization_id, settlements: None)
    assert _violation_of_money(monkeypatch).startswith("16: ")


def test_a_missing_payout_line_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The payout's own totals would show the missing line too, as an unexplained amount."""
    original = FakePayouts.put_lines

    def all_but_one(self: FakePayouts, organization_id: Any, payout_id: str, lines: Sequence[Any]) -> None:
        original(self, organization_id, payout_id, lines[1:])

    monkeypatch.setattr(FakePayouts, "put_lines", all_but_one)
    assert _violation_of_money(monkeypatch).startswith("16: ")


def _violation_of_money(monkeypatch: pytest.MonkeyPatch) -> str:
    """Returns the violation that the proof reports for invoices that are paid and paid out."""
    monkeypatch.setattr(conservation, "a_day_later", _days_later)
    return conservation.run(1, PAID).violation or "every invariant held"


def _days_later(town: Town) -> None:
    """Creates and reads payouts without comparing them."""
    for _ in range(4):
        town.advance(DAY)
        town.double.drain()
        conservation._work(town)


def test_a_change_that_is_missing_in_the_feed_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.adapters.tables.changes import TableChanges

    original = TableChanges.append
    monkeypatch.setattr(
        TableChanges, "append", lambda self, changes: changes[0].version % 5 and original(self, changes)
    )
    assert _first_fault_of_publishing().startswith("stored, and not published on the feed of ")


def test_an_entry_that_the_bus_refused_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.adapters.event_bus import EventBridgeBus

    monkeypatch.setattr(EventBridgeBus, "put", lambda self, events: self._put_once(events) and {})
    assert _first_fault_of_publishing().startswith("stored, and not published on the bus: ")


def _first_fault_of_publishing() -> str:
    """Returns the first fault that one of eight towns has."""
    faults = (fault for seed in range(1, 9) for fault in publishing.run_town(seed).faults)
    return next(faults, "nothing is wrong")


def test_a_draft_that_is_published_twice_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A former fault: a draft with the status `creating` was published as created again."""
    from chalicelib.domain import invoice_changes

    def former_status(invoice: Any) -> Any:
        return None if invoice.status == "creating" else invoice.status

    monkeypatch.setattr(invoice_changes, "published_status", former_status)
    assert any(
        "published on the bus, and not stored" in each
        for seed in range(1, 9)
        for each in publishing.run_town(seed).faults
    )


def test_a_read_that_is_dated_by_the_date_header_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A former fault: reads were dated by the `Date` header, so newer data counted as older."""
    from chalicelib.adapters.stripe import client

    monkeypatch.setattr(client, "requested_at", lambda sent_at, received_at, date: date + 8)
    assert any(late_responses.fault_after_life(seed) is not None for seed in range(60))


def test_reading_an_events_owner_in_one_api_version_only_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A former fault: the owner of an event in another version was looked up by the object's own id."""
    from chalicelib.usecases.events import apply_invoice_event

    def by_its_own_id(event: StripeEvent, *_: object) -> Sequence[str]:
        return (event.owner_ids or ()) if event.current else [event.object_id]

    monkeypatch.setattr(apply_invoice_event, "_owner_ids", by_its_own_id)
    assert reconciliation.fault_after_run(1, "every webhook lost") is not None


def _without_objects(town: Town) -> None:
    town.double.drain()
    town.invariants.at_rest(customers=False)


def test_make_proofs_runs_every_test_file_of_the_proofs() -> None:
    files = {str(file.relative_to(ROOT)) for file in (ROOT / "tests/proofs").glob("test_*.py")}
    assert files <= {file for passing in PYTEST_PROOFS.values() for file in passing}


def test_a_schedule_printed_and_parsed_is_the_same_schedule() -> None:
    for action in (*schedule(3, 20), Action("pay", 4, calm=True)):
        assert Action.parse(str(action)) == action
    assert replace(Action("pay", 4), calm=True) == Action.parse("pay.4-")


def test_the_documentation_lists_every_invariant_with_its_proofs() -> None:
    digests = (ROOT / "docs/proofs.md").read_text()
    assert [each.number for each in INVARIANTS] == list(range(1, 19))
    for each in INVARIANTS:
        proofs = " ".join(f"`{name}`" for name in each.proofs)
        assert f"| {each.number} | {each.claim} | {proofs} |" in digests
        assert set(each.proofs) <= set(PROOFS)
    assert all(f"| `{name}` |" in digests for name in PROOFS)


def test_an_invariant_holds_only_if_every_proof_that_ran_succeeded() -> None:
    service = INVARIANTS[0]
    passing, failing = Result("", "", count=1), Result("", "", count=1, failures=["seed 7"])
    assert service.verdict({}) == service.verdict({"machine": Result("", "skipped")}) == "not tried"
    assert service.verdict({"machine": passing, "load": failing}) == "held"
    assert service.verdict({"machine": passing, "never-twice": failing}) == "FAILED"

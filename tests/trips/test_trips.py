"""The tracer counts each function, file and crossing once."""

from __future__ import annotations

import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

from tests.trips.journeys import journeys
from tests.trips.tracer import Trip, traced

SOURCES = {
    "shop/api/door.py": (
        "import contextlib\ndef enter(inner, greet):\n    [greet(n) for n in range(3)]\n"
        "    with contextlib.ExitStack() as at_the_end:\n        at_the_end.callback(inner, 1)\n"
    ),
    "shop/api/hall.py": "def greet(n):\n    return (lambda: n)()\n",
    "shop/domain/rules.py": (
        "class Rule:\n    def holds(self, n):\n        return checked(n)\ndef checked(n):\n    return n\n"
    ),
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """A small tree of two layers."""
    modules = {}
    for file, text in SOURCES.items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(f"traced_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        modules[path.stem] = module
    return modules


def function_names(trip: Trip) -> set[str]:
    return {each.name for each in trip.functions}


def test_a_function_and_its_inner_functions_count_once(shop: dict[str, ModuleType], tmp_path: Path) -> None:
    with traced(tmp_path / "shop") as trip:
        shop["door"].enter(shop["rules"].Rule().holds, shop["hall"].greet)
    assert function_names(trip) == {"enter", "greet", "Rule.holds", "checked"}
    assert trip.files == {"shop/api/door.py", "shop/api/hall.py", "shop/domain/rules.py"}
    assert trip.figures == {"functions": 4, "files": 3, "crossings": 1}, "hall and door are of one layer"


def test_a_call_through_a_library_counts_as_a_call_of_our_function(
    shop: dict[str, ModuleType], tmp_path: Path
) -> None:
    with traced(tmp_path / "shop") as trip:
        shop["door"].enter(shop["rules"].Rule().holds, shop["hall"].greet)
    [(caller, called)] = trip.crossings
    assert (caller.layer, caller.name, called.layer, called.name) == ("api", "enter", "domain", "Rule.holds")


def test_calls_in_other_threads_count_and_calls_outside_the_block_do_not(
    shop: dict[str, ModuleType], tmp_path: Path
) -> None:
    def elsewhere(name: str, function: str) -> None:
        thread = threading.Thread(target=getattr(shop[name], function), args=[1])
        thread.start()
        thread.join()

    shop["hall"].greet(1)
    with traced(tmp_path / "shop") as trip:
        elsewhere("rules", "checked")
    shop["hall"].greet(1)
    elsewhere("hall", "greet")
    assert function_names(trip) == {"checked"}
    assert trip.crossings == set()


@pytest.fixture(scope="module")
def trips() -> dict[str, Trip]:
    return journeys()


def test_each_journey_passes_through_every_layer(trips: dict[str, Trip]) -> None:
    assert list(trips) == [
        "a webhook: invoice.paid",
        "POST /invoices",
        "a customer's edit: PUT /customers/{customerId}",
        "a customer's edit: customer_sync",
        "lost events are recovered: reconcile_account",
    ]
    for name, trip in trips.items():
        layers = {each.layer for each in trip.functions}
        entry = "workers" if name.endswith(("_sync", "_account")) else "api"
        assert {entry, "usecases", "domain", "adapters", "bootstrap"} <= layers, name
        assert layers & {"api", "workers"} == {entry}, name


def test_the_same_journeys_give_the_same_trips(trips: dict[str, Trip]) -> None:
    assert journeys() == trips

"""How many functions, files and layer crossings four pieces of work pass through: the figures of `make trips`."""

from __future__ import annotations

from tests.bench.figures import Figure, no_budget
from tests.trips.journeys import journeys


def measure() -> list[Figure]:
    """Traces each piece of work once."""
    return [
        no_budget(f"{name}: functions", trip.figures["functions"], "", _how(trip.figures))
        for name, trip in journeys().items()
    ]


def _how(figures: dict[str, int]) -> str:
    return f"distinct, in {figures['files']} files, with {figures['crossings']} layer crossings"

"""The imports of each Lambda's cold start, in fresh interpreters, in comparison with the libraries that every such
Lambda needs.

The ratios are of CPU time, which other work on the machine hardly changes. The imports of a first webhook are also
measured without bytecode, as they would start from a zip of sources: Lambda's directory is read-only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable

from tests.bench.figures import TIMES, Figure, at_most, no_budget
from tests.lambdas import MODULES, NOT_FOR_WEBHOOKS, ROOT, WEBHOOK, first_use, loaded_by, not_for

ROUNDS = 5
ROUNDS_OF_SOURCES = 3
LIMIT = 1.2
READS = ("GetItem", "BatchGetItem")
"""The DynamoDB requests of every webhook before its first write."""

FLOOR = "chalice.app, pynamodb.models, aws_lambda_powertools.logging, aws_lambda_powertools.metrics"
TIMED = "import time; began = time.process_time(); import {modules}; print(time.process_time() - began)"
SOURCES_ONLY = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": os.devnull}


def measure() -> list[Figure]:
    """Measures the imports in turns, so that other work on the machine slows all of them equally. The fastest time of
    each counts.
    """
    return [*_times(), *_counts()]


def _times() -> list[Figure]:
    best = _fastest([*MODULES.values(), WEBHOOK, FLOOR], ROUNDS, {})
    sources = _fastest([WEBHOOK], ROUNDS_OF_SOURCES, SOURCES_ONLY)
    floor = best[FLOOR]
    how = f"CPU, fastest of {ROUNDS} fresh interpreters each, alternating"
    return [
        no_budget("import Chalice, pynamodb, Logger, Metrics", floor * 1000, "ms", how, ratio=1.0),
        *(
            at_most(f"import of {function}", best[module] / floor, LIMIT, TIMES, f"{best[module] * 1000:.0f} ms")
            for function, module in MODULES.items()
        ),
        no_budget("all imports of a first webhook", best[WEBHOOK] * 1000, "ms", "app, tables, events, secrets",
                  ratio=best[WEBHOOK] / floor),
        no_budget("  the same without bytecode", sources[WEBHOOK] * 1000, "ms",
                  "the standard library's is missing here too, which Lambda has", ratio=sources[WEBHOOK] / floor),
    ]  # fmt: skip


def _counts() -> list[Figure]:
    unwanted = [
        f"{function}: {name}"
        for function, module in MODULES.items()
        for name in loaded_by(module) & not_for(function)
    ]
    steps, packages = first_use()
    again = [
        *steps["second"].get("clients", ()),
        *(each for each in steps["second"]["requests"] if each not in READS),
    ]
    return [
        _none(
            "modules that a function must not import",
            unwanted,
            f"{len(MODULES)} functions; tests/lambdas.py lists them",
        ),
        _none(
            "unwanted packages after a first webhook",
            packages & NOT_FOR_WEBHOOKS,
            ", ".join(sorted(NOT_FOR_WEBHOOKS)),
        ),
        _none("opened by import: clients, requests, sockets", _all(steps["import"]), "app, in a fresh interpreter"),
        _none("opened anew by a second webhook", again, f"the first opened {', '.join(_all(steps['first']))}"),
    ]


def _all(opened: dict[str, list[str]]) -> list[str]:
    return [what for kind in opened.values() for what in kind]


def _none(what: str, found: Iterable[str], how: str) -> Figure:
    names = sorted(found)
    return at_most(what, len(names), 0, "", ", ".join(names) or how, is_count=True)


def _fastest(imports: list[str], rounds: int, environment: dict[str, str]) -> dict[str, float]:
    best = dict.fromkeys(imports, float("inf"))
    for _ in range(rounds):
        for modules in imports:
            best[modules] = min(best[modules], _seconds(modules, environment))
    return best


def _seconds(modules: str, environment: dict[str, str]) -> float:
    command = [sys.executable, "-c", TIMED.format(modules=modules)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return float(done.stdout)

"""The mutation list fits the tree: every guard is where it says, and every named test exists.

The list itself is run by `python -m tests.mutations`.
"""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.mutations.guards import GUARDS, Guard
from tests.mutations.patches import ROOT, PatchError, mutated

NAMES = [each.name for each in GUARDS]


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("guard", GUARDS, ids=NAMES)
def test_a_guard_can_be_taken_away_and_has_tests_that_exist(guard: Guard) -> None:
    source = (ROOT / guard.file).read_text()
    assert mutated(guard, source) != source
    assert guard.tests
    for test in guard.tests:
        file, _, name = test.partition("::")
        assert name in functions_of(file), test


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    assert len(GUARDS) >= 25
    assert len(set(NAMES)) == len(NAMES)


def test_a_guard_that_was_moved_is_told() -> None:
    guard = GUARDS[0]
    for source in ("", guard.before * 2):
        with pytest.raises(PatchError, match="found"):
            mutated(guard, source)

"""Every guard of the mutation list is found in the tree, however the tree is worded, and every named test exists.

`python -m tests.mutations` runs the list itself.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

import pytest

from tests.mutations.guard import Guard, guard
from tests.mutations.guards import GUARDS
from tests.mutations.patches import mutated
from tests.mutations.places import PatchError
from tests.mutations.removals import Becomes, Check
from tests.mutations.rewording import ELSEWHERE, reworded, turned_round, undenied
from tests.mutations.symbols import ROOT, Symbol, find, sources

NAMES = [each.name for each in GUARDS]
FILES = sources()


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("guard", GUARDS, ids=NAMES)
def test_a_guard_can_be_removed_and_its_tests_exist(guard: Guard) -> None:
    without = mutated(guard, FILES)
    assert without.text != ast.unparse(ast.parse(FILES[without.file])) + "\n"
    assert guard.tests
    for test in guard.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in functions_of(file), test


def test_each_guard_has_its_own_name() -> None:
    assert len(GUARDS) >= 25
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("guard", GUARDS, ids=NAMES)
def test_a_guard_that_is_reworded_and_moved_is_still_removed(guard: Guard) -> None:
    symbol, before = find(guard.symbol, FILES), mutated(guard, FILES)
    text = reworded(FILES[symbol.file], symbol)
    moved_files = {file: other for file, other in FILES.items() if file != symbol.file} | {ELSEWHERE: text}
    after = mutated(guard, moved_files)
    assert after.file == ELSEWHERE
    assert after.text != text
    assert undenied(after.text) == undenied(reworded(before.text, symbol))


@pytest.mark.parametrize("guard", GUARDS, ids=NAMES)
def test_a_guard_whose_branches_are_swapped_is_still_removed(guard: Guard) -> None:
    symbol = find(guard.symbol, FILES)
    text = turned_round(FILES[symbol.file], symbol)
    after = mutated(guard, {**FILES, symbol.file: text})
    assert after == mutated(guard, FILES)


def test_swapping_branches_negates_their_condition() -> None:
    text = (
        "def check(size, limit):\n    if size > limit:\n        raise Large\n    kept = keep(size)\n    return kept\n"
    )
    expected = (
        "def check(size, limit):\n    if not size > limit:\n        kept = keep(size)\n        return kept\n"
        "    raise Large\n"
    )
    symbol = Symbol("check", "one.py", 1, frozenset())
    assert turned_round(text, symbol) == expected
    changed = sum(
        turned_round(FILES[each.file], each) != ast.unparse(ast.parse(FILES[each.file])) + "\n"
        for each in {find(guard.symbol, FILES) for guard in GUARDS}
    )
    assert changed > 20, "most guards are clauses before their work"


@pytest.mark.parametrize(
    "form",
    [
        "    if size > limit:\n        return 0\n    return work(size)\n",
        "    if size <= limit:\n        return work(size)\n    return 0\n",
        "    if size <= limit:\n        return work(size)\n    else:\n        return 0\n",
        "    if size > limit:\n        return 0\n    else:\n        return work(size)\n",
        "    large = size > limit\n    if large:\n        return 0\n    return work(size)\n",
        "    fits = not size > limit\n    if fits:\n        return work(size)\n    return 0\n",
    ],
)
def test_removing_a_guard_keeps_the_work_that_it_guards(form: str) -> None:
    mutation = mutated(guard("limit", "check", Check("limit")), {"one.py": f"def check(size, limit):\n{form}"})
    calls: list[int] = []
    names: dict[str, Any] = {"work": calls.append}
    exec(mutation.text, names)
    names["check"](5, 3)
    assert calls == [5]


def test_of_two_equal_branches_one_is_selected_by_its_return_value() -> None:
    files = {"one.py": "def check(size, limit):\n    if size > limit:\n        return LARGE\n    return SMALL\n"}
    with pytest.raises(PatchError, match="a check about 'limit' is found 0 times"):
        mutated(guard("limit", "check", Check("limit")), files)
    assert "if False:" in mutated(guard("limit", "check", Check("LARGE")), files).text


def test_a_rewording_changes_every_detail_that_a_guard_must_not_depend_on() -> None:
    text = '''
def refuse(total, limit):
    """Refuse too much."""
    over = total - limit
    if over > 0 and total != limit:
        raise TooMuch("too much", f"{over} too much")
    return [each for each in over if each is not None]

def other():
    pass
'''
    expected = '''
def other():
    pass

def refuse(total, limit):
    """Refuse too much. In other words."""
    over_by_another_name = total - limit
    if not limit == total and 0 < over_by_another_name:
        raise TooMuch('too much In other words.', f'{over_by_another_name} too much In other words.')
    return [each_by_another_name for each_by_another_name in over_by_another_name if not each_by_another_name is None]
'''
    assert reworded(text, Symbol("refuse", "shop.py", 2, frozenset())).strip() == expected.strip()


def test_a_missing_or_ambiguous_guard_is_reported_with_its_name_and_symbol() -> None:
    limit = guard("limit", "check_size", Check("limit"))
    refusing = "def check_size(size, limit):\n{}"
    once = "    if size > limit:\n        raise TooLarge\n"
    assert mutated(limit, {"one.py": refusing.format(once)}).file == "one.py"
    with pytest.raises(PatchError, match="limit: in check_size: check_size is not found"):
        mutated(limit, {"one.py": once.replace("    if", "if")})
    with pytest.raises(PatchError, match="limit: in check_size: a check about 'limit' is found 0 times"):
        mutated(limit, {"one.py": refusing.format("    return size\n")})
    with pytest.raises(PatchError, match="a check about 'limit' is found 2 times: line 2, line 4"):
        mutated(limit, {"one.py": refusing.format(once * 2)})


def test_an_ambiguous_symbol_is_reported_with_its_places() -> None:
    files = {
        "shop/a.py": "def settle(old, new): ...",
        "shop/b.py": "\ndef settle(account): ...",
        "c.py": "x = settle",
    }
    with pytest.raises(PatchError, match=r"settle is found 2 times.*: shop/a\.py:1, shop/b\.py:2"):
        find("settle", files)
    assert find("settle(account)", files).file == "shop/b.py"
    assert find("b.settle", files).file == "shop/b.py"
    for unknown in ("settle(other)", "c.settle", "Account.settle", "op.a.settle"):
        with pytest.raises(PatchError, match="is not found"):
            find(unknown, files)


def test_a_method_a_function_and_a_constant_of_one_name_are_three_symbols() -> None:
    files = {"keys.py": "class KeySet:\n    def key(self): ...\n\ndef key(): ...\n\nKEY = 1\n"}
    assert [find(name, files).line for name in ("KeySet.key", "key", "KEY")] == [2, 4, 6]
    assert mutated(guard("a constant", "KEY", Becomes("2")), files).text.endswith("\nKEY = 2\n")


def test_a_guard_whose_removal_leaves_invalid_python_is_reported() -> None:
    with pytest.raises(PatchError, match="limit: in LIMIT: invalid syntax"):
        mutated(guard("limit", "LIMIT", Becomes("1 +")), {"one.py": "LIMIT = 1\n"})

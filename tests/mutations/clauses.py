"""Brings guard clauses into one form, so that a row of the list means the same for every order of the branches.

`if bad: raise …` before the work, `if good: … return` before the raise, and either with an `else`, are equal. Of two
branches that both leave, the guard's is the one that only raises, or else the smaller one. It is moved into the `if`.
If both have the same size, a row must name what its branch leads to.

A condition that has a name only for the next statement (`late = now > limit`, `if late: …`) is moved into that
statement.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from typing import TypeGuard

from tests.mutations.places import LEAVING, Slot, slots

BLOCKS = ("body", "orelse", "finalbody")


def in_one_form(symbol: ast.AST) -> None:
    """Turns every branch of the symbol whose guard follows its work, and puts named conditions into the tests that
    use them.
    """
    names = Counter(node.id for node in ast.walk(symbol) if isinstance(node, ast.Name))
    for node in list(ast.walk(symbol)):
        for name in BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list) and block and not isinstance(node, ast.Module):
                setattr(node, name, _with_inlined_condition(block, names))
    for node in list(ast.walk(symbol)):
        for name in BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list) and block and not isinstance(node, ast.Module):
                setattr(node, name, _normal_form(block))


def alike(clause: ast.If, after: list[ast.stmt]) -> bool:
    """Returns True if neither the clause nor the code after it is the guard's."""
    return bool(after) and isinstance(after[-1], LEAVING) and _weight(clause.body) == _weight(after)


def swapped(clause: ast.If, after: list[ast.stmt]) -> list[ast.stmt]:
    """Returns the clause with its branches swapped; `after` is the code after the clause in its block."""
    return [ast.If(denial(clause.test), after, []), *clause.body]


def denial(test: ast.expr) -> ast.expr:
    """Returns the negation of the test."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _with_inlined_condition(block: list[ast.stmt], names: Mapping[str, int]) -> list[ast.stmt]:
    statements: list[ast.stmt] = []
    for node, after in zip(block, [*block[1:], None], strict=True):
        if not (after is not None and _names_condition(node, names) and _inline(node, after)):
            statements.append(node)
    return statements


def _names_condition(node: ast.stmt, names: Mapping[str, int]) -> TypeGuard[ast.Assign]:
    """Returns True if the statement gives a condition a name that is read once."""
    if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
        return False
    condition = isinstance(node.value, (ast.Compare, ast.BoolOp)) or (
        isinstance(node.value, ast.UnaryOp) and isinstance(node.value.op, ast.Not)
    )
    return condition and names[node.targets[0].id] == 2


def _inline(name: ast.Assign, after: ast.stmt) -> bool:
    """Puts the condition in place of its name, if the next statement tests that name. Returns True if it did."""
    field = "test" if isinstance(after, ast.If) else "value" if isinstance(after, (ast.Return, ast.Assign)) else None
    condition = getattr(after, field) if field else None
    if field is None or condition is None:
        return False
    for slot in (Slot(condition, after, field), *slots(condition)):
        if isinstance(slot.node, ast.Name) and slot.node.id == name.targets[0].id:
            slot.put(name.value)
            return True
    return False


def _normal_form(block: list[ast.stmt]) -> list[ast.stmt]:
    for index, node in enumerate(block):
        if isinstance(node, ast.If) and isinstance(node.body[-1], LEAVING):
            after = [*node.orelse, *block[index + 1 :]]
            node.orelse = []
            if after and isinstance(after[-1], LEAVING) and _weight(after) < _weight(node.body):
                node, *after = swapped(node, after)
            return [*block[:index], node, *_normal_form(after)]
    return block


def _weight(block: list[ast.stmt]) -> tuple[bool, int]:
    """Returns the weight of a branch: one that only raises is lightest, then the shorter one."""
    only_raises = len(block) == 1 and isinstance(block[0], ast.Raise)
    return not only_raises, sum(1 for node in block for _ in ast.walk(node))

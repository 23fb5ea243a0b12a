"""Finds the conditions of a symbol: the meaning of a test or an operand, and the branch that leaves when it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.mutations.clauses import alike
from tests.mutations.places import DENYING, LEAVING, Match, PatchError, Slot, Words, expression, slots


def condition_slots(symbol: ast.AST, words: Words) -> Iterator[Match[Slot]]:
    """Yields every condition: a test, an operand of `and` or `or`, and a comparison that is returned or named."""
    for slot in slots(symbol):
        test = slot.name in {"test", "ifs"}
        kept = isinstance(slot.parent, (ast.Return, ast.Assign, ast.Lambda)) and isinstance(
            slot.node, (ast.Compare, ast.UnaryOp)
        )
        if test or kept or operand(slot):
            yield Match(slot, slot.node, words.of(slot.node))


def operand(slot: Slot) -> bool:
    """Returns True for an operand of a condition. Returns False for `x or 0`, which is a value with a default."""
    return isinstance(slot.parent, ast.BoolOp) and not any(
        isinstance(each, ast.Constant) and not isinstance(each.value, bool) for each in slot.parent.values
    )


def denied(condition: ast.AST) -> bool:
    """Returns True if the condition is a denial."""
    odd = False
    while isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
        odd, condition = not odd, condition.operand
    negative = (
        isinstance(condition, ast.Compare) and len(condition.ops) == 1 and isinstance(condition.ops[0], DENYING)
    )
    return odd is not negative


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand of a condition, or a filter of a comprehension."""

    slot: Slot

    def leave_out(self, says: str) -> None:
        if says:
            raise PatchError("an operand says nothing of its own")
        self.slot.drop()


@dataclass(frozen=True, slots=True)
class Clause:
    """A branch of an `if` that leaves by returning, raising or going on with a loop."""

    node: ast.If
    last: ast.stmt
    holds: bool

    def leave_out(self, says: str) -> None:
        """Removes the branch; with `says`, the branch returns that value instead."""
        if not says:
            self.node.test = ast.Constant(not self.holds)
        elif isinstance(self.last, ast.Return):
            self.last.value = expression(says)
        else:
            raise PatchError("only what returns can say something else")


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a ternary expression."""

    whole: Slot
    other: ast.expr

    def leave_out(self, says: str) -> None:
        self.whole.put(expression(says) if says else self.other)


Check = Operand | Clause | Branch


def checks(symbol: ast.AST, words: Words, *, whole: bool) -> Iterator[Match[Check]]:
    """Yields every check that can be removed. With `whole`, operands alone are left out."""
    strict = set() if whole else _strict(symbol)
    for slot in slots(symbol):
        node = slot.node
        if isinstance(node, ast.If):
            after = getattr(slot.parent, slot.name)[slot.index + 1 :]
            for body, holds in ((node.body, True), (node.orelse, False)):
                if body and isinstance(body[-1], LEAVING):
                    condition = [] if holds and alike(node, after) else [node.test]
                    yield Match(Clause(node, body[-1], holds), node, words.of(*condition, body[-1]))
        elif isinstance(node, ast.IfExp):
            yield Match(Branch(slot, node.orelse), node.body, words.of(node.body))
            yield Match(Branch(slot, node.body), node.orelse, words.of(node.orelse))
        elif not whole and (slot.name == "ifs" or operand(slot)) and id(node) not in strict:
            yield Match(Operand(slot), node, words.of(node))


def _strict(symbol: ast.AST) -> set[int]:
    """Operands that must not be left out: without them, something would be raised more often, not less."""
    strict: set[int] = set()
    for node in ast.walk(symbol):
        if isinstance(node, ast.If):
            for body, raised_if in ((node.body, True), (node.orelse, False)):
                if body and isinstance(body[-1], ast.Raise):
                    strict |= _narrowing(node.test, raised_if)
    return strict


def _narrowing(test: ast.expr, raised_if: bool) -> set[int]:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _narrowing(test.operand, not raised_if)
    if not isinstance(test, ast.BoolOp):
        return set()
    narrow = isinstance(test.op, ast.And) is raised_if
    below = (_narrowing(each, raised_if) for each in test.values)
    return set().union({id(each) for each in test.values} if narrow else set(), *below)


def settle_operands(tree: ast.AST) -> None:
    """Replaces an `and` or `or` with only one operand by that operand."""
    for slot in list(slots(tree)):
        if isinstance(slot.node, ast.BoolOp) and len(slot.node.values) == 1:
            slot.put(slot.node.values[0])

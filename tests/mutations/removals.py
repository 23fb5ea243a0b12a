"""The ways to remove a guard from a symbol: the vocabulary of the list.

Each `edit` changes the tree of a symbol, and raises PatchError if its target is found nowhere or more than once.
`about` is words; the docstring of `places` lists the possible words. Which class to choose:

- `Check`: the guard refuses a request or leaves something out; without it, more passes.
- `Always`, `Never`: a condition decides between two ways, and one of them is no longer taken.
- `Skipped`: the guard is a statement, which is not executed.
- `Without`, `Instead`: a value has several parts, and lacks one or has another.
- `Becomes`: the guard is a constant, or a small function.
- `AnyValue`: the guard is a condition of a write to a table, which expects a stored value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tests.mutations import conditions
from tests.mutations.places import Match, PatchError, Slot, Words, expression, named, slots, the_one


class Removal(Protocol):
    def edit(self, symbol: ast.AST) -> None:
        """Applies the removal to the symbol's tree."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check is not made: an operand or a filter is left out, or a branch that leaves is never taken.

    If `about` names something in the condition, only the smallest operand that mentions it is left out; if it names
    the error or the value that the branch ends with, the whole branch is. An operand without which something would be
    raised more often is never left out. With `says`, the check is made, and leads to returning that.
    """

    about: str
    says: str = ""

    def edit(self, symbol: ast.AST) -> None:
        matches = conditions.checks(symbol, Words(symbol), whole=bool(self.says))
        the_one(self.about, "a check", matches).leave_out(self.says)
        conditions.settle_operands(symbol)


@dataclass(frozen=True, slots=True)
class _Condition:
    about: str

    def _settle(self, symbol: ast.AST, holds: bool) -> None:
        slot = the_one(self.about, "a condition", conditions.condition_slots(symbol, Words(symbol)))
        slot.put(ast.Constant(holds is not conditions.denied(slot.node)))


class Always(_Condition):
    """Makes a condition always hold. The words name the condition without a denial: `==` for `!=` too."""

    def edit(self, symbol: ast.AST) -> None:
        self._settle(symbol, True)


class Never(_Condition):
    """Makes a condition never hold. The words name the condition without a denial: `==` for `!=` too."""

    def edit(self, symbol: ast.AST) -> None:
        self._settle(symbol, False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A statement is passed over: the call of that function, or the assignment to that attribute."""

    of: str

    def edit(self, symbol: ast.AST) -> None:
        matches = (Match(slot, slot.node, {self.of}) for slot in slots(symbol) if self._is_it(slot.node))
        the_one(self.of, "a statement", matches).put(ast.Pass())

    def _is_it(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Call) and named(node.value.func, self.of)
        return isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Attribute) and target.attr == self.of for target in node.targets
        )


@dataclass(frozen=True, slots=True)
class Without:
    """Leaves out an argument of a call (`of` names the call), or an element of a collection or of an `except`."""

    about: str
    of: str = ""

    def edit(self, symbol: ast.AST) -> None:
        words = Words(symbol)
        matches = (Match(slot, slot.node, words.of(slot.node)) for slot in self._elements(symbol))
        slot = the_one(self.about, "an argument or element", matches)
        if isinstance(slot.parent, ast.Dict):
            del slot.parent.values[slot.index]
        slot.drop()

    def _elements(self, symbol: ast.AST) -> Iterator[Slot]:
        for slot in slots(symbol):
            if isinstance(slot.parent, ast.Call):
                if slot.name in {"args", "keywords"} and (not self.of or named(slot.parent.func, self.of)):
                    yield slot
            elif not self.of and (slot.name == "elts" or (slot.name == "keys" and isinstance(slot.parent, ast.Dict))):
                yield slot


@dataclass(frozen=True, slots=True)
class Instead:
    """Another expression stands where `of` stood: a call of it, a name or attribute, or with `=` an argument.

    In `by`, a `_` is what stood there.
    """

    of: str
    by: str

    def edit(self, symbol: ast.AST) -> None:
        calls, names = [], []
        for slot in slots(symbol):
            node = slot.node
            if isinstance(node, ast.Call) and named(node.func, self.of):
                calls.append(slot)
            elif isinstance(node, ast.keyword) and f"{node.arg}=" == self.of:
                names.append(Slot(node.value, node, "value"))
            elif named(node, self.of) and isinstance(getattr(node, "ctx", None), ast.Load):
                names.append(slot)
        matches = (Match(slot, slot.node, {self.of}) for slot in calls or names)
        slot = the_one(self.of, "an expression", matches)
        assert isinstance(slot.node, ast.expr)
        slot.put(expression(self.by, slot.node))


@dataclass(frozen=True, slots=True)
class Becomes:
    """A constant has another value; a function does nothing but return that expression of its parameters."""

    by: str

    def edit(self, symbol: ast.AST) -> None:
        if isinstance(symbol, ast.FunctionDef):
            symbol.body = [ast.Return(expression(self.by))]
        elif isinstance(symbol, (ast.Assign, ast.AnnAssign)):
            symbol.value = expression(self.by)
        else:
            raise PatchError("only a constant or a function becomes something else")


@dataclass(frozen=True, slots=True)
class AnyValue:
    """A condition that a write puts on a stored attribute is met by any value that is there."""

    attribute: str
    about: str = ""

    def edit(self, symbol: ast.AST) -> None:
        words = Words(symbol)
        matches = (
            Match((slot, stored), slot.node, words.of(slot.node))
            for slot in slots(symbol)
            for stored in self._stored(slot.node)
        )
        slot, stored = the_one(f"{self.attribute} {self.about}", "a condition of a write", matches)
        assert isinstance(slot.node, ast.expr)
        slot.put(ast.BinOp(slot.node, ast.BitOr(), expression("_.exists()", stored)))

    def _stored(self, node: ast.AST) -> Iterator[ast.expr]:
        """Returns the attribute if the node is `attribute == value` or `attribute.does_not_exist()`."""
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            sides = [node.left, node.comparators[0]]
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "does_not_exist"
        ):
            sides = [node.func.value]
        for side in sides:
            if isinstance(side, ast.Attribute) and side.attr == self.attribute:
                yield side

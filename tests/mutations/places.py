"""Finds the places of a symbol's tree that a row's words select: slots that hold an expression or a statement.

A row's words are names that stay when code is reworded. They are separated by spaces:

- `now`: a parameter, an attribute, a function, a class or a constant of that name;
- `issuer=`: an argument given by that name;
- `'exp'`: a text that some protocol defines;
- `==`, `<`, `is`, `in`: a comparison of that kind, in either direction, denied or not.

The text of messages is not searched: neither f-strings nor, since words hold no spaces, sentences.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

KINDS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "==", ast.Is: "is", ast.IsNot: "is", ast.In: "in", ast.NotIn: "in",
    ast.Lt: "<", ast.LtE: "<", ast.Gt: "<", ast.GtE: "<",
}  # fmt: skip
DENYING = (ast.NotEq, ast.IsNot, ast.NotIn, ast.LtE, ast.GtE)
"""`a != b` is read as `not a == b`, and `a <= b` as `not a > b`, so that a row says the same of either."""

LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class PatchError(Exception):
    """The guard is not found, or is found more than once."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A node and the field of its parent that holds it; `index` is -1 if the field is no list."""

    node: ast.AST
    parent: ast.AST
    name: str
    index: int = -1

    def put(self, node: ast.AST) -> None:
        if self.index < 0:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.index] = node

    def drop(self) -> None:
        """Removes the node from its list."""
        del getattr(self.parent, self.name)[self.index]


def slots(root: ast.AST) -> Iterator[Slot]:
    """Yields every node below `root`, in the order of the text."""
    for name, value in ast.iter_fields(root):
        for index, node in enumerate(value) if isinstance(value, list) else ((-1, value),):
            if isinstance(node, ast.AST):
                yield Slot(node, root, name, index)
                yield from slots(node)


class Words:
    """The names and texts in the nodes of a symbol."""

    def __init__(self, symbol: ast.AST) -> None:
        self._looped: dict[str, frozenset[str]] = {}
        for node in ast.walk(symbol):
            if isinstance(node, (ast.For, ast.comprehension)):
                # A loop's variable is a local name: it stands for what the loop goes over.
                source = frozenset(self.of(node.iter))
                for target in ast.walk(node.target):
                    if isinstance(target, ast.Name):
                        self._looped[target.id] = self._looped.get(target.id, frozenset()) | source

    def of(self, *nodes: ast.AST) -> set[str]:
        matches: set[str] = set()
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.JoinedStr):
                continue
            if isinstance(node, ast.Name):
                matches |= {node.id, *self._looped.get(node.id, ())}
            elif isinstance(node, ast.Attribute):
                matches.add(node.attr)
            elif isinstance(node, ast.keyword) and node.arg:
                matches.add(f"{node.arg}=")
            elif isinstance(node, ast.Constant):
                matches.add(repr(node.value))
            elif isinstance(node, ast.Compare):
                matches |= {KINDS[type(each)] for each in node.ops}
            waiting += ast.iter_child_nodes(node)
        return matches


P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Match(Generic[P]):
    """A possible place: the words that it mentions, and the node whose inner nodes are smaller places."""

    place: P
    inside: ast.AST
    words: set[str] = field(default_factory=set)


def the_one(about: str, kind: str, matches: Iterable[Match[P]]) -> P:
    """Returns the smallest place that mentions all the words.

    Raises:
        PatchError: there is none, or more than one.
    """
    words = set(about.split())
    fitting = [each for each in matches if words <= each.words]
    smallest = [
        each for each in fitting
        if not any(inner.inside is not each.inside and _holds(each.inside, inner.inside) for inner in fitting)
    ]  # fmt: skip
    if len(smallest) != 1:
        at = ", ".join(f"line {getattr(each.inside, 'lineno', '?')}" for each in smallest) or "nowhere"
        raise PatchError(f"{kind} about {about!r} is found {len(smallest)} times: {at}")
    return smallest[0].place


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    return any(node is inner for node in ast.walk(outer))


def named(node: ast.AST, word: str) -> bool:
    """Returns True if the node is the name, or an attribute of that name."""
    return (isinstance(node, ast.Name) and node.id == word) or (isinstance(node, ast.Attribute) and node.attr == word)


def expression(text: str, old: ast.expr | None = None) -> ast.expr:
    """Returns the text as an expression, with `old` in place of each `_`."""
    whole = ast.Expression(ast.parse(text, mode="eval").body)
    for slot in list(slots(whole)):
        if old is not None and named(slot.node, "_"):
            slot.put(old)
    return whole.body

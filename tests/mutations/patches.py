"""Removes a guard from the tree."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tests.mutations.clauses import in_one_form
from tests.mutations.guard import Guard
from tests.mutations.places import PatchError
from tests.mutations.symbols import find, node_of


@dataclass(frozen=True, slots=True)
class Mutated:
    """The changed file and its new text."""

    file: str
    text: str


def mutated(guard: Guard, files: Mapping[str, str]) -> Mutated:
    """Returns the file of the guard's symbol without the guard.

    Raises:
        PatchError: the symbol or the removed part is not found, or is found more than once, or the result is not
          valid Python.
    """
    try:
        symbol = find(guard.symbol, files)
        tree = ast.parse(files[symbol.file])
        node = node_of(symbol, tree)
        in_one_form(node)
        guard.taken.edit(node)
        text = ast.unparse(ast.fix_missing_locations(tree))
        compile(text, symbol.file, "exec")
    except (PatchError, SyntaxError) as exc:
        raise PatchError(f"{guard.name}: in {guard.symbol}: {exc}") from exc
    return Mutated(symbol.file, text + "\n")

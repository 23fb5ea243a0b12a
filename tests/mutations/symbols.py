"""Finds a symbol in the tree by its qualified name, in any file.

A symbol is a function, a class, or a constant of a module, named as in Python: `KeySet.key`, `LEEWAY`. If several
modules define a function of one name, a parameter selects one of them, because it moves along with the function:
`settle(fetched)`. The end of the module's name selects one too: `tokens.LEEWAY`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.mutations.places import PatchError

ROOT = Path(__file__).parents[2]
SEARCHED = ("chalicelib", "docs/consumer", "infra")


@dataclass(frozen=True, slots=True)
class Symbol:
    """One definition: the name within its module, the file, the line, and the parameters if it is a function."""

    name: str
    file: str
    line: int
    parameters: frozenset[str]

    def is_called(self, reference: str, parameter: str) -> bool:
        """Returns True if this is the symbol's name, or ends with the module's path and the name, and if the symbol
        has the parameter.
        """
        if parameter and parameter not in self.parameters:
            return False
        module = self.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        before = reference.removesuffix(self.name)
        return reference == self.name or (
            before != reference and before.endswith(".") and f".{module}.".endswith(f".{before}")
        )


def sources(root: Path = ROOT) -> dict[str, str]:
    """Returns the text of each module, by its path in the tree."""
    files = sorted(file for name in SEARCHED for file in (root / name).rglob("*.py"))
    return {file.relative_to(root).as_posix(): file.read_text() for file in files}


def find(reference: str, files: Mapping[str, str]) -> Symbol:
    """Returns the only symbol of that name.

    Raises:
        PatchError: there is none, or more than one.
    """
    name, _, parameter = reference.removesuffix(")").partition("(")
    last = name.rpartition(".")[2]
    definitions = [
        symbol
        for file, text in files.items()
        if last in text
        for symbol in (
            Symbol(definitions, file, line, parameters) for definitions, line, parameters in _defined(text)
        )
        if symbol.is_called(name, parameter)
    ]
    if not definitions:
        raise PatchError(f"{reference} is not found: no module defines it")
    if len(definitions) > 1:
        places = ", ".join(f"{each.file}:{each.line}" for each in definitions)
        raise PatchError(f"{reference} is found {len(definitions)} times, so the row has to say which: {places}")
    return definitions[0]


def node_of(symbol: Symbol, tree: ast.Module) -> ast.stmt:
    """Returns the symbol's definition in its parsed file."""
    return next(node for name, node in definitions(tree) if name == symbol.name)


def definitions(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Returns the names that a module defines, with those in its classes and functions, and its constants."""
    yield from _named(tree, "")
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    yield target.id, node


def _named(parent: ast.AST, prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield prefix + node.name, node
            yield from _named(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.stmt):
            yield from _named(node, prefix)


@cache
def _defined(text: str) -> tuple[tuple[str, int, frozenset[str]], ...]:
    return tuple((name, node.lineno, _parameters(node)) for name, node in definitions(ast.parse(text)))


def _parameters(node: ast.stmt) -> frozenset[str]:
    if not isinstance(node, ast.FunctionDef):
        return frozenset()
    return frozenset(each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg))

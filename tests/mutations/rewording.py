"""Rewords a module as refactorings do, without changing its meaning, to test that a row does not depend on the words.

Local variables get other names, comparisons are reversed or denied twice, operands change places, messages change
their text, the symbol moves within the file, and the file moves to another package under another name.
"""

from __future__ import annotations

import ast

from tests.mutations.clauses import BLOCKS, alike, swapped
from tests.mutations.conditions import operand
from tests.mutations.places import LEAVING, Slot, slots
from tests.mutations.symbols import Symbol, definitions, node_of

ELSEWHERE = "chalicelib/elsewhere/moved.py"

TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq, ast.NotEq: ast.NotEq, ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE,
}  # fmt: skip
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


def reworded(text: str, symbol: Symbol) -> str:
    """Returns the module in other words, with its symbol at another place."""
    tree = ast.parse(text)
    _move(tree, node_of(symbol, tree))
    public_names = _public_names(tree)
    for node in _outermost_functions(tree):
        _rename_locals(node, public_names)
    for slot in list(slots(tree)):
        _say_otherwise(slot)
    for slot in list(slots(tree)):
        _deny_twice(slot)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def turned_round(text: str, symbol: Symbol) -> str:
    """Returns the module with every guard clause of its symbol after the work that it guards."""
    tree = ast.parse(text)
    for node in list(ast.walk(node_of(symbol, tree))):
        for name in BLOCKS:
            block = getattr(node, name, None)
            if isinstance(block, list):
                setattr(node, name, _guarded_last(block))
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _guarded_last(block: list[ast.stmt]) -> list[ast.stmt]:
    for index, node in reversed(list(enumerate(block))):
        after = block[index + 1 :]
        if not isinstance(node, ast.If) or node.orelse or not after or alike(node, after):
            continue
        if isinstance(node.body[-1], LEAVING) and isinstance(after[-1], LEAVING):
            block = [*block[:index], *swapped(node, after)]
    return block


def undenied(text: str) -> str:
    """Returns the module with the opposite comparison for each denied one, so that two ways to deny compare equal."""
    tree = ast.parse(text)
    for slot in list(slots(tree)):
        node = slot.node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Compare):
            comparison = node.operand
            if len(comparison.ops) == 1 and type(comparison.ops[0]) in OPPOSITE:
                comparison.ops = [OPPOSITE[type(comparison.ops[0])]()]
                slot.put(comparison)
    return ast.unparse(tree)


def _move(tree: ast.Module, node: ast.stmt) -> None:
    """Moves the symbol to the end of its parent, or before its neighbour if it is the last already."""
    for parent in ast.walk(tree):
        body = getattr(parent, "body", None)
        if isinstance(body, list) and node in body:
            last = body[-1] is node
            body.remove(node)
            body.insert(len(body) - 1 if last else len(body), node)
            return


def _public_names(tree: ast.Module) -> set[str]:
    """Names of the module itself, which are no local ones wherever they are read."""
    imports = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    return imports | {name.rpartition(".")[2] for name, _ in definitions(tree)}


def _outermost_functions(parent: ast.AST) -> list[ast.FunctionDef]:
    functions: list[ast.FunctionDef] = []
    for node in ast.iter_child_nodes(parent):
        functions += [node] if isinstance(node, ast.FunctionDef) else _outermost_functions(node)
    return functions


def _rename_locals(function: ast.FunctionDef, public_names: set[str]) -> None:
    nodes = list(ast.walk(function))
    new_names = {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    local = bound - new_names - public_names
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in local:
            node.id = f"{node.id}_by_another_name"
        elif isinstance(node, ast.ExceptHandler) and node.name in local:
            node.name = f"{node.name}_by_another_name"


def _say_otherwise(slot: Slot) -> None:
    node = slot.node
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        node.value += " In other words."
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in TURNED:
        node.left, node.comparators = node.comparators[0], [node.left]
        node.ops = [TURNED[type(node.ops[0])]()]
    elif isinstance(node, ast.BoolOp) and operand(Slot(node.values[0], node, "values", 0)):
        node.values.reverse()


def _deny_twice(slot: Slot) -> None:
    node = slot.node
    condition = slot.name in {"test", "ifs"} or operand(slot) or isinstance(slot.parent, (ast.Assign, ast.Return))
    if condition and isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPPOSITE:
        node.ops = [OPPOSITE[type(node.ops[0])]()]
        slot.put(ast.UnaryOp(ast.Not(), node))

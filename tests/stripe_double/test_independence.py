"""The double and its tests stand alone: they can be taken out of this project as they are."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import infra.stripe_double as double_package

PACKAGE = Path(double_package.__file__).parent
TESTS = Path(__file__).parent


def imports(directory: Path) -> Iterator[tuple[str, bool]]:
    """Yields the absolute name of each module that the files of a directory import, and whether it is named so."""
    root = {PACKAGE: "infra.stripe_double", TESTS: "tests.stripe_double"}[directory]
    for file in directory.rglob("*.py"):
        package = [*root.split("."), *file.relative_to(directory).parts[:-1]]
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                above = package[: len(package) + 1 - node.level] if node.level else []
                yield ".".join([*above, *filter(None, [node.module])]), node.level == 0
            elif isinstance(node, ast.Import):
                yield from ((alias.name, True) for alias in node.names)


def outside(directory: Path, *own: str) -> set[str]:
    """Returns the packages, other than Python's own, that the files of a directory import and are not `own`."""
    names = {name for name, _ in imports(directory) if not any(f"{name}.".startswith(f"{each}.") for each in own)}
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


def test_the_double_shares_no_code_with_the_backend() -> None:
    absolute = {name.split(".")[0] for name, named_so in imports(PACKAGE) if named_so}

    assert absolute & {"chalicelib", "app", "tests", "infra"} == set()


def test_the_double_needs_the_sdk_and_a_server_and_nothing_else() -> None:
    assert outside(PACKAGE, "infra.stripe_double") == {"stripe", "typing_extensions", "waitress"}


def test_these_tests_need_the_double_and_nothing_else_of_this_project() -> None:
    tools = {"hypothesis", "pytest", "stripe", "typing_extensions"}

    assert outside(TESTS, "infra.stripe_double", "tests.stripe_double") == tools

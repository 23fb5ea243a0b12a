"""The domain and the list of functions import the standard library and themselves, and nothing else.

The retention table of the domain names the queues and streams of the list of functions.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "chalicelib/domain": ("chalicelib.domain", "chalicelib.functions"),
    "chalicelib/functions.py": ("chalicelib.functions",),
}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            yield node.module or ""


@pytest.mark.parametrize("place", ALLOWED)
def test_nothing_but_the_standard_library_is_imported(place: str) -> None:
    path = ROOT / place
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    foreign = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in imported(file)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith(ALLOWED[place])
    }
    assert files
    assert foreign == set()

"""docs/architecture.md and docs/contributing.md name modules, functions, tests and files that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "docs/architecture.md", ROOT / "docs/contributing.md"]
FUNCTION_IN_MODULE = re.compile(r"`([A-Za-z_][\w.]*)`\s+in\s+\[[^\]]+\]\(\.\./([\w/]+\.py)\)")
FOLDERS = ("chalicelib/", "infra/", "tests/", "docs/", ".chalice", ".ci/", "app.py")
PLACEHOLDERS = ("STORY", "NAME", "*")


def definitions(path: Path) -> set[str]:
    """Returns the names of the functions, classes, methods and constants that a module defines."""
    return set(_names(ast.parse(path.read_text()), ""))


def _names(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            yield prefix + child.name
        if isinstance(child, ast.ClassDef):
            yield from _names(child, f"{prefix}{child.name}.")
        if isinstance(child, (ast.Assign, ast.AnnAssign)):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


def test_each_function_of_the_walk_is_in_the_module_that_the_page_links() -> None:
    named = FUNCTION_IN_MODULE.findall(PAGES[0].read_text())
    assert len(named) > 15
    assert [(name, path) for name, path in named if name not in definitions(ROOT / path)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_each_identifier_in_code_is_defined_in_the_repository(page: Path) -> None:
    words = {span for span in re.findall(r"`([^`\n]+)`", page.read_text()) if re.fullmatch(r"_?[a-z]\w*_\w+", span)}
    sources = [path for folder in ("chalicelib", "infra", "tests") for path in (ROOT / folder).rglob("*.py")]
    defined = {name for path in sources for name in re.findall(r"\b\w+\b", path.read_text())}
    assert words - defined == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_each_test_that_a_page_names_is_defined(page: Path) -> None:
    tests = {
        name for path in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    named = set(re.findall(r"`(test_\w+)`", page.read_text()))
    assert named
    assert named - tests - {"test_an_event_received_twice_is_stored_once"} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_each_path_in_code_exists(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    paths = {span.split("::")[0] for span in re.findall(r"`([\w./*-]+)`", text) if span.startswith(FOLDERS)}
    fixed = [path for path in paths if not any(placeholder in path for placeholder in PLACEHOLDERS)]
    assert fixed
    assert [path for path in fixed if not (ROOT / path).exists()] == []


def test_each_path_on_the_map_exists() -> None:
    [the_map] = re.findall(r"## The map\n\n```\n(.*?)```", PAGES[0].read_text(), re.DOTALL)
    folder, missing = "", []
    for line in the_map.splitlines():
        words = re.split(r"\s{2,}", line.strip())[0].split(", ")
        if not line.startswith(" "):
            folder = words[0] if words[0].endswith("/") else ""
        for word in words:
            place = ROOT / (word if word == folder else folder + word)
            if not (place.exists() or place.with_suffix(".py").exists()):
                missing.append(folder + word)
    assert missing == []

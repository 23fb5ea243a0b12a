"""The screens use the API as its document defines it: the TypeScript compiler finds no error in them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.clients.npm import OFFICE

pytestmark = pytest.mark.browser

INVOICE = '/** @type {import("./contract").components["schemas"]["InvoiceView"]} */ const invoice = JSON.parse("");'
MISTAKES = {
    "a field that no answer has": "export const a = invoice.amuont;",
    "money taken for a number": "export const b = invoice.total.toFixed(2);",
    "a status that no invoice has": 'export const c = invoice.status === "settled";',
    "a field that may be null": "export const d = invoice.number.length;",
    "a list that may be empty": "export const e = invoice.lineItems[0].description;",
    "a module that is not there": 'export * from "./nowhere.js";',
}
MISTYPED = 'export type Spoilt = import("./contract").components["schemas"]["Invioce"];'


@pytest.fixture(scope="module")
def generated_types(tools: None) -> None:
    """The types are generated from the document."""
    _succeeds(OFFICE.run_script("types"))


def test_the_compiler_finds_no_error_in_the_screens(generated_types: None) -> None:
    _succeeds(OFFICE.run_script("check"))


def test_the_compiler_reads_every_module_of_the_office(generated_types: None) -> None:
    # One that stands beside a declaration of its name would be left out without a word.
    files = OFFICE.run_tool("tsc", "--project", ".", "--listFilesOnly").stdout.splitlines()
    assert [str(module) for module in modules() if str(module) not in files] == []


@pytest.fixture(scope="module")
def refused_lines(generated_types: None, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Returns the lines that the compiler refuses in a copy of the office to which every mistake was added."""
    copy = tmp_path_factory.mktemp("spoilt") / "office"
    shutil.copytree(OFFICE.directory, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "spoilt.js").write_text("\n".join([INVOICE, *MISTAKES.values()]))
    (copy / "mistyped.d.ts").write_text(MISTYPED)
    output = OFFICE.run_tool("tsc", "--project", str(copy)).stdout
    return {
        f"{Path(file).name}:{line}" for file, line in re.findall(r"^(.+)\((\d+),\d+\): error", output, re.MULTILINE)
    }


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_compiler_refuses(mistake: str, refused_lines: set[str]) -> None:
    assert f"spoilt.js:{2 + list(MISTAKES).index(mistake)}" in refused_lines


def test_the_compiler_refuses_a_declaration_of_an_unknown_schema(refused_lines: set[str]) -> None:
    assert "mistyped.d.ts:1" in refused_lines


def test_the_compiler_accepts_a_correct_line(refused_lines: set[str]) -> None:
    assert "spoilt.js:1" not in refused_lines


def test_no_screen_bypasses_the_types() -> None:
    bypasses = [
        f"{module.relative_to(OFFICE.directory)}: {words}"
        for module in modules()
        for words in re.findall(r"@ts-\w+|.*[{<|,:(]\s*any\b(?=\s*[}>|,)\[]).*", module.read_text())
    ]
    assert bypasses == []


def modules() -> list[Path]:
    return [module for module in sorted(OFFICE.directory.rglob("*.js")) if "node_modules" not in module.parts]


def _succeeds(process: CompletedProcess[str]) -> None:
    assert process.returncode == 0, process.stdout + process.stderr

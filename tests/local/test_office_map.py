"""The map of the office names each API request of a screen, in the module that makes it."""

from __future__ import annotations

import re

import pytest

from infra.local.office_files import OFFICE

ROWS = re.findall(r"^\| .+ \| `([\w/-]+\.js)` \| (.+) \|$", (OFFICE / "README.md").read_text(), re.MULTILINE)


def calls_in_map(calls: str) -> set[str]:
    return set(re.findall(r"`(?:GET|POST|PUT|DELETE) (/v1/\S+)`", calls))


def calls_in_module(module: str) -> set[str]:
    return set(re.findall(r'"(/v1/[^"]+)"', (OFFICE / module).read_text()))


@pytest.mark.parametrize(("module", "calls"), ROWS)
def test_a_module_makes_the_calls_that_the_map_names_and_no_others(module: str, calls: str) -> None:
    assert calls_in_map(calls) == calls_in_module(module)


def test_the_map_has_every_module_that_calls_the_api() -> None:
    calling = {
        str(file.relative_to(OFFICE)) for each in ("*.js", "screens/*.js", "core/*.js") for file in OFFICE.glob(each)
    }
    assert {module for module, _ in ROWS} == {module for module in calling if calls_in_module(module)}

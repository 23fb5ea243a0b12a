"""The page tells of the stories and promises that there are."""

from __future__ import annotations

import pytest

from infra.sandbox.command import EVERYTHING
from infra.sandbox.keys import VARIABLES
from infra.sandbox.page import PAGE, written

TEXT = PAGE.read_text()


def test_the_page_lists_every_story_and_promise_as_it_is_now() -> None:
    assert written(TEXT) == TEXT, "python -m infra.sandbox.page writes it anew"


def test_names_are_unique_so_that_one_can_be_chosen() -> None:
    names = [name for _, name, _ in EVERYTHING.names()]
    assert len(names) == len(set(names)) > 50


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_the_page_says_where_each_key_comes_from(variable: str) -> None:
    assert f"`{variable}`" in TEXT


@pytest.mark.parametrize(
    "option", ["--double", "--dry-run", "--only", "--later", "--clean", "--save", "--prove", "--json"]
)
def test_the_page_says_what_each_option_does(option: str) -> None:
    assert option in TEXT

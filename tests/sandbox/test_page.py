"""The page tells of the stories and promises that there are."""

from __future__ import annotations

import pytest

from infra.sandbox.command import EVERYTHING
from infra.sandbox.keys import VARIABLES
from infra.sandbox.page import PAGE, by_hand, promises, stories, with_tables
from infra.sandbox.promises.registry import PROMISES
from infra.sandbox.stories.registry import STORIES

TEXT = PAGE.read_text()


def test_the_page_lists_every_story_and_promise_as_it_is_now() -> None:
    assert with_tables(TEXT, stories=stories(), promises=promises(), by_hand=by_hand()) == TEXT, (
        "python -m infra.sandbox.page writes it anew"
    )


def test_the_printed_run_has_the_current_stories_and_promises_and_no_difference() -> None:
    printed = TEXT.partition("<!-- run: begin -->")[2].partition("<!-- run: end -->")[0]
    counts = {
        cells[0]: [int(cell) if cell.isdigit() else 0 for cell in cells[1:]]
        for cells in (
            [cell.strip() for cell in line.strip("│").split("│")] for line in printed.splitlines() if "│" in line
        )
    }
    told = [story for story in STORIES if not story.later]
    refused = printed.count("\nshapes, ")
    assert sum(counts["shapes"]) - refused == sum(counts["sequences"]) == len(told)
    assert sum(counts["promises"]) == len(PROMISES) + 1
    for as_assumed, harmless, harmful, not_tried in counts.values():
        assert harmless == harmful == 0
        assert as_assumed + not_tried > 0


def test_names_are_unique_so_that_one_can_be_chosen() -> None:
    names = [name for _, name, _ in EVERYTHING.names()]
    assert len(names) == len(set(names)) > 50


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_the_page_says_where_to_find_each_key(variable: str) -> None:
    assert f"`{variable}`" in TEXT


@pytest.mark.parametrize(
    "option", ["--double", "--dry-run", "--only", "--later", "--clean", "--save", "--prove", "--json"]
)
def test_the_page_says_what_each_option_does(option: str) -> None:
    assert option in TEXT

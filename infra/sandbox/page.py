"""`python -m infra.sandbox.page`: writes the lists of stories and promises in docs/sandbox.md anew."""

from __future__ import annotations

import re
from functools import partial

from infra.package import ROOT
from infra.sandbox.promises.every import PROMISES
from infra.sandbox.stories.every import STORIES

PAGE = ROOT / "docs" / "sandbox.md"


def stories() -> str:
    """Returns the table of stories."""
    rows = (f"| {story.name} | {story.tells}{' With `--later` only.' if story.later else ''} |" for story in STORIES)
    return "\n".join(["| story | what it does |", "|---|---|", *rows])


def promises() -> str:
    """Returns the table of promises."""
    rows = (f"| {each.name} | {each.sentence} | `{each.source}` |" for each in PROMISES)
    return "\n".join(["| promise | what is assumed | said in |", "|---|---|---|", *rows])


def written(page: str) -> str:
    """Returns the page with both lists as they are now. Raises ValueError if the page has no place for one."""
    for name, table in (("stories", stories()), ("promises", promises())):
        place = re.compile(rf"(<!-- {name}: begin -->\n).*?(\n<!-- {name}: end -->)", re.DOTALL)
        page, found = place.subn(partial(_between, table), page)
        if found != 1:
            raise ValueError(f"The page has {found} places for {name}.")
    return page


def _between(table: str, found: re.Match[str]) -> str:
    return f"{found[1]}{table}{found[2]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))

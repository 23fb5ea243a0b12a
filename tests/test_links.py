"""Every link between pages of the documentation leads to an existing file and heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_OURS = [*sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "infra").rglob("README.md"))]
PAGES = [ROOT / "README.md", *(each for each in _OURS if "node_modules" not in each.parts)]


def headings(page: Path) -> set[str]:
    """Returns GitHub's link names of a page's headings: lower case, hyphens for blanks, no punctuation."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", each)).lower().replace(" ", "-") for each in titles
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_has_a_target(page: Path) -> None:
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        name, _, heading = link.partition("#")
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (heading and heading not in headings(target)):
            wrong.append(link)
    assert wrong == []

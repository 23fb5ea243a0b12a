"""docs/decisions/README.md lists every decision, and each decision's first line is a title with its number."""

from __future__ import annotations

import re
from pathlib import Path

DECISIONS = Path(__file__).resolve().parents[2] / "docs/decisions"
PAGES = sorted(DECISIONS.glob("[0-9]*.md"))
ROW = re.compile(r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \|$", re.MULTILINE)


def title(page: Path) -> str:
    """Returns the title of a decision, without its number."""
    first_line = page.read_text().splitlines()[0]
    match = re.fullmatch(rf"# {page.name[:4]}:? (.+)", first_line)
    assert match is not None, (page.name, first_line)
    return match[1]


def test_the_list_of_decisions_has_each_decision_once_under_its_title() -> None:
    rows = sorted(ROW.findall((DECISIONS / "README.md").read_text()))
    assert rows == [(page.name[:4], page.name, title(page)) for page in PAGES]


def test_each_link_between_decisions_leads_to_a_page() -> None:
    links = [(page.name, target) for page in PAGES for target in re.findall(r"\]\(([^):#]+\.md)", page.read_text())]
    assert [(name, target) for name, target in links if not (DECISIONS / target).exists()] == []

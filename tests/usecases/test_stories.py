"""Each story tells itself: its page names modules of it, and an entry, that are there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import chalicelib.usecases

FOLDER = Path(chalicelib.usecases.__file__).parent
STORIES = sorted(each.name for each in FOLDER.iterdir() if (each / "__init__.py").exists())


@pytest.mark.parametrize("story", STORIES)
def test_a_storys_page_names_modules_and_an_entry_that_are_there(story: str) -> None:
    page = importlib.import_module(f"chalicelib.usecases.{story}").__doc__ or ""
    modules = {each.stem for each in (FOLDER / story).glob("*.py")} - {"__init__"}
    named = set(re.findall(r"`(\w+)`", page))
    assert named
    assert named - modules == set()
    entry = re.search(r"^Entry: `(\w+)\.(\w+)`\.$", page, re.MULTILINE)
    assert entry is not None
    module = importlib.import_module(f"chalicelib.usecases.{story}.{entry[1]}")
    assert callable(getattr(module, entry[2]))

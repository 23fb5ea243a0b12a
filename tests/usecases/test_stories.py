"""Tests the page of each story (a package of use cases): the modules and the entry that it names exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import chalicelib.usecases

FOLDER = Path(chalicelib.usecases.__file__).parent
STORIES = sorted(each.name for each in FOLDER.iterdir() if (each / "__init__.py").exists())


@pytest.mark.parametrize("story", STORIES)
def test_the_page_of_each_story_names_existing_modules_and_an_existing_entry(story: str) -> None:
    page = importlib.import_module(f"chalicelib.usecases.{story}").__doc__ or ""
    modules = {each.stem for each in (FOLDER / story).glob("*.py")} - {"__init__"}
    named_modules = set(re.findall(r"`(\w+)`", page))
    assert named_modules
    assert named_modules - modules == set()
    entry = re.search(r"^Entry: `(\w+)\.(\w+)`\.$", page, re.MULTILINE)
    assert entry is not None
    module = importlib.import_module(f"chalicelib.usecases.{story}.{entry[1]}")
    assert callable(getattr(module, entry[2]))

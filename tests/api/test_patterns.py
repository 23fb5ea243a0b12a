"""Patterns of the OpenAPI document: none accepts an accidental line break, and a text must have visible
characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.texts import (
    ONE_LINE_PATTERN,
    TEXT_PATTERN,
    VISIBLE_LINE_PATTERN,
    anything_visible,
)
from tests.api.schema_edges import TEXTS
from tests.api.test_limits import DOCUMENT

BLANKS_AROUND = r"\s*$"
"""The end of a pattern that accepts white space around its value, which POM removes."""


def patterns(node: Any) -> Iterator[str]:
    """Yields each pattern in a part of the document."""
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for each in node.values():
            yield from patterns(each)
    elif isinstance(node, list):
        for each in node:
            yield from patterns(each)


PATTERNS = sorted(set(patterns(DOCUMENT)) - {TEXT_PATTERN})
assert VISIBLE_LINE_PATTERN in PATTERNS


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_single_line_pattern_accepts_a_line_break_at_the_end(pattern: str) -> None:
    """In Python, `$` also stands before a line break at the end. In ECMAScript it does not."""
    if not pattern.endswith(BLANKS_AROUND):
        assert not [text for text in TEXTS if re.search(pattern, text.strip("\n") + "\n")]


@pytest.mark.parametrize(
    "sign", ["\u0085", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069", "\x00", "\n", "\x7f"]
)
def test_a_line_has_no_character_that_breaks_or_reverses_it(sign: str) -> None:
    for text in (sign, f"a{sign}", f"{sign}a", f"a{sign}b"):
        assert not re.search(ONE_LINE_PATTERN, text)
        assert not re.search(VISIBLE_LINE_PATTERN, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u00a0",
        "\u200b",
        "\u200d\u200d",
        "\u3164",
        "\u00ad",
        "\ufe0f",
        "\ufeff",
        "\u2800",
        "\u115f",
        "\u2060 \u3000",
    ],
)
def test_a_text_of_spaces_and_invisible_characters_is_refused(text: str) -> None:
    assert not anything_visible(text)
    assert not re.search(VISIBLE_LINE_PATTERN, text)


@pytest.mark.parametrize(
    "text",
    ["a", ".", "\u05d0\u200f", "\u0645\u06cc\u200c\u062e", "\U0001f469\u200d\U0001f467", "e\u0301", " x ", "\u6f22"],
)
def test_a_text_with_a_visible_character_is_accepted(text: str) -> None:
    assert anything_visible(text)
    assert re.search(VISIBLE_LINE_PATTERN, text)
    assert re.search(TEXT_PATTERN, text)

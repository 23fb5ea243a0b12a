"""Texts that users write: the characters they may not contain, and whether they contain anything visible.

The patterns mean the same in Python and in ECMAScript, because the OpenAPI document contains them.
"""

from __future__ import annotations

import re

TURNING = r"\u202a-\u202e\u2066-\u2069"
"""Characters that reverse the direction of the text after them, so that a line reads differently from its content
(https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings). Hebrew, Arabic and Persian do not need
them.
"""

BREAKING = r"\u0085\u2028\u2029"
"""Characters that break a line, besides the ASCII ones."""

NOT_IN_ONE_LINE = rf"\x00-\x1f\x7f{BREAKING}{TURNING}"

INVISIBLE = (
    r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
)
"""White space and characters that are drawn as nothing: Unicode's `Default_Ignorable_Code_Point` up to U+FFFF, and
the Braille blank (https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt).
"""

ONE_LINE_PATTERN = rf"^[^{NOT_IN_ONE_LINE}]*$(?!\n)"
VISIBLE_LINE_PATTERN = rf"^(?=.*[^{INVISIBLE}])[^{NOT_IN_ONE_LINE}]*$(?!\n)"
TEXT_PATTERN = rf"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f{TURNING}]*$(?!\n)"

_NOT_IN_ONE_LINE = re.compile(f"[{NOT_IN_ONE_LINE}]")
_VISIBLE = re.compile(f"[^{INVISIBLE}]")


def anything_visible(text: str) -> bool:
    """Returns True if any character of the text is visible."""
    return _VISIBLE.search(text) is not None


def visible_or_empty(text: str) -> str:
    """Returns the text, or an empty one if nothing in it is visible."""
    return text if anything_visible(text) else ""


def in_one_line(text: str) -> str:
    """Returns the text in one line, with a blank for each character that breaks a line and one blank between
    words.
    """
    return " ".join(_NOT_IN_ONE_LINE.sub(" ", text).split())

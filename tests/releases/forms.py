"""Forms of releases on disk: `tests/releases/<name>/`, one line for each item, message, record and cursor."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

Form = dict[str, Any]

HERE = Path(__file__).parent
LAST_RELEASE = HERE / "last_release.toml"
LISTS = ("items", "messages", "stream", "cursors")
"""The files of a form that are lists. `form.json` says by which commit and for which moment they were made."""


def names() -> list[str]:
    """Returns the names of all forms that are kept, the oldest first."""
    return sorted(each.parent.name for each in HERE.glob("*/form.json"))


def load(name: str) -> Form:
    """Returns a form as it was recorded."""
    parts = {each.stem: json.loads(each.read_text()) for each in (HERE / name).glob("*.json")}
    return {**parts.pop("form"), **parts}


def save(name: str, form: Form) -> None:
    """Writes a form."""
    (HERE / name).mkdir(exist_ok=True)
    for part in LISTS:
        lines = ",\n".join(_line(each) for each in form[part])
        (HERE / name / f"{part}.json").write_text(f"[\n{lines}\n]\n")
    for part in ("form", "stripe"):
        part_value = {key: form[key] for key in ("commit", "at")} if part == "form" else form[part]
        (HERE / name / f"{part}.json").write_text(_by_object(part_value))


def last_release() -> str:
    """Returns the commit that the file of the last release names."""
    return str(tomllib.loads(LAST_RELEASE.read_text())["commit"])


def reader_of(name: str) -> Path:
    """Returns the program that reads a form: the form's own if it has one, or else the one that all share."""
    own = HERE / name / "reader.py"
    return own if own.exists() else HERE / "reader.py"


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _by_object(value: Any) -> str:
    """Returns JSON with one line for each object of Stripe's."""
    return json.dumps(value, indent=0, ensure_ascii=False) + "\n"

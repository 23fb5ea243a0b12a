"""The rules of tools that this project does not follow, from waivers.toml. `make scan` shows each with its finding.

Each waiver has a date by which a person must review it. `python -m infra.audit` prints the overdue ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("waivers.toml")
LONGEST = dt.timedelta(days=366)
"""The longest time between the decision and its review."""


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of one tool that is not followed. `where` is a path of this repository, or empty for the template."""

    tool: str
    rule: str
    reason: str
    decided: dt.date
    review_by: dt.date
    where: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    waiver: list[Waiver]


def read_waivers(file: Path = FILE) -> list[Waiver]:
    """Returns all waivers.

    Raises:
        msgspec.MsgspecError: the file has another form, such as a waiver without a date.
        ValueError: a waiver holds for longer than a year, or is entered twice.
    """
    waivers = msgspec.toml.decode(file.read_bytes(), type=_File).waiver
    for number, each in enumerate(waivers):
        if not dt.timedelta(0) < each.review_by - each.decided <= LONGEST:
            raise ValueError(f"{each.tool} {each.rule}: review_by must be within a year after {each.decided}")
        if any(
            (each.tool, each.rule, each.where) == (earlier.tool, earlier.rule, earlier.where)
            for earlier in waivers[:number]
        ):
            raise ValueError(f"{each.tool} {each.rule} is waived twice for {each.where or 'the template'}")
    return waivers


def overdue(waivers: Sequence[Waiver], today: dt.date) -> Iterator[str]:
    """Yields a sentence for each waiver whose review date has passed."""
    for each in waivers:
        if each.review_by < today:
            place = f" in {each.where}" if each.where else ""
            yield f"{each.tool} {each.rule}{place} was to be reviewed by {each.review_by}: {each.reason}"

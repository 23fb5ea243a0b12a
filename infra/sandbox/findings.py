"""The findings of a run: one row for each assumption that was checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.stripe_double.recordings.differences import Difference


class Verdict(StrEnum):
    """The result for one assumption."""

    AS_ASSUMED = "as assumed"
    HARMLESS = "differs, harmless"
    HARMFUL = "differs, harmful"
    NOT_TRIED = "not tried"


class Part(StrEnum):
    """The part of the run that made the finding."""

    SHAPES = "shapes"
    SEQUENCES = "sequences"
    PROMISES = "promises"
    PRODUCT = "product"
    CLEANING = "cleaning"


class Needs(StrEnum):
    """A condition of a promise that a run of minutes on one test account cannot provide."""

    PERSON = "a person who clicks and looks"
    LISTEN = "webhooks, which `stripe listen` shows"
    LATER = "a day, and then --later"
    DAYS = "days or months"
    ACCOUNT = "another account: its country, its age, what it may do"
    LIVE = "live mode"
    STORY = "nothing: a story shows what POM relies on"


@dataclass(frozen=True)
class Finding:
    """One row of the table."""

    part: Part
    name: str
    """A stable name in small letters with blanks: the name of a story or of a promise."""
    verdict: Verdict
    found: str
    """The observation, or the reason why it was not tried: a sentence."""
    sentence: str = ""
    """The assumption, as a sentence."""
    differences: Sequence[Difference] = ()
    needs: Needs | None = None
    """The missing condition, if no run can make the check. None if only this run could not."""

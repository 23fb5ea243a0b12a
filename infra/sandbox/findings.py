"""What was found: one row for each thing that was tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.stripe_double.recordings.differences import Difference


class Verdict(StrEnum):
    """How it stands with one assumption."""

    AS_ASSUMED = "as assumed"
    HARMLESS = "differs, harmless"
    HARMFUL = "differs, harmful"
    NOT_TRIED = "not tried"


class Part(StrEnum):
    """Where in the run it was found."""

    SHAPES = "shapes"
    SEQUENCES = "sequences"
    PROMISES = "promises"
    PRODUCT = "product"
    CLEANING = "cleaning"


class Needs(StrEnum):
    """What no run of minutes on one test account has, and a thing needs to be seen."""

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
    """Stable, in small letters with blanks: a story's name, or that of a promise."""
    verdict: Verdict
    found: str
    """What was seen, or why it was not tried: a sentence."""
    sentence: str = ""
    """What is assumed."""
    differences: Sequence[Difference] = ()
    needs: Needs | None = None
    """Why no run can try it; None if this run could not, and another may."""

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

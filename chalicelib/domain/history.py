"""The source of a piece of information."""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """The source of a change: POM itself, a webhook of Stripe's, or the sweep."""

    POM = "pom"
    WEBHOOK = "webhook"
    SWEEP = "sweep"

    @classmethod
    def _missing_(cls, value: object) -> Source:
        """Returns `pom`, because an unknown source is a part of POM that only another release has."""
        return cls.POM

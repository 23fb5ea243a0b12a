"""The details of a draft in Stripe besides its lines, such as its memo and its payment methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class DraftDetails:
    """A draft's details under Stripe's names (https://docs.stripe.com/api/invoices/object), in a comparable form.

    Texts keep their line breaks. Payment methods are in alphabetical order.
    """

    description: str | None = None
    footer: str | None = None
    payment_method_types: tuple[str, ...] = ()
    custom_fields: tuple[tuple[str, str], ...] = ()
    """The name and the value of each."""

    @classmethod
    def of(
        cls,
        description: str | None,
        footer: str | None,
        payment_method_types: Iterable[str],
        custom_fields: Iterable[tuple[str, str]] = (),
    ) -> Self:
        """Returns the details in the comparable form."""
        texts = [text if text and normalize_white_space(text) else None for text in (description, footer)]
        return cls(texts[0], texts[1], tuple(sorted(payment_method_types)), tuple(custom_fields))

    def completed_from(self, other: Self) -> Self:
        """Returns these details, with the values of `other` where these are empty."""
        missing = {name: getattr(other, name) for name in _WORDS if not getattr(self, name)}
        return replace(self, **missing)

    def differences(self, other: Self) -> Iterator[str]:
        """Yields the guide's word for each detail that differs in `other`. White space makes no difference."""
        return (
            word
            for name, word in _WORDS.items()
            if _comparable(getattr(self, name)) != _comparable(getattr(other, name))
        )


def normalize_white_space(text: str | None) -> str:
    """Returns a text in the form for comparing: each run of white space is one blank, and None is an empty text."""
    return " ".join((text or "").split())


def _comparable(detail: Any) -> Any:
    return normalize_white_space(detail) if isinstance(detail, str) else detail


_WORDS = {
    "description": "memo",
    "footer": "footer",
    "payment_method_types": "payment methods",
    "custom_fields": "custom fields",
}

"""What a draft in Stripe says beside its lines, and how it can be paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class DraftDetails:
    """A draft's details under Stripe's names (https://docs.stripe.com/api/invoices/object), to be compared.

    Texts are as they were written, with their line breaks. Payment methods are in alphabetical order.
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
        """Returns details that can be compared with others."""
        texts = [text if text and folded(text) else None for text in (description, footer)]
        return cls(texts[0], texts[1], tuple(sorted(payment_method_types)), tuple(custom_fields))

    def completed_from(self, other: Self) -> Self:
        """Returns these details, and those of `other` where these are empty."""
        missing = {name: getattr(other, name) for name in _WORDS if not getattr(self, name)}
        return replace(self, **missing)

    def differences(self, other: Self) -> Iterator[str]:
        """Yields the guide's word for each detail that is another one in `other`. Other white space is no change."""
        return (
            word for name, word in _WORDS.items() if _compared(getattr(self, name)) != _compared(getattr(other, name))
        )


def folded(text: str | None) -> str:
    """Returns a text to be compared with another one: any white space counts as one blank, and None as no text."""
    return " ".join((text or "").split())


def _compared(detail: Any) -> Any:
    return folded(detail) if isinstance(detail, str) else detail


_WORDS = {
    "description": "memo",
    "footer": "footer",
    "payment_method_types": "payment methods",
    "custom_fields": "custom fields",
}

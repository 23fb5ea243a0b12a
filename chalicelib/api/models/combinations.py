"""The combinations of filters that a list offers.

A list offers a combination only if it costs one query a page. One table of combinations checks the requests and gives
the texts of the API document and of the refusal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import Refused


@dataclass(frozen=True, slots=True)
class Combination:
    """A combination of filters: all of `needs`, with the given values, and optionally those of `range`."""

    order: str
    """The order of the list, in words."""
    needs: Mapping[str, Collection[str]]
    """The names of the required filters, each with its allowed values. An empty collection allows any value."""
    range: tuple[str, ...] = ()
    """The names of the two ends of a range. Each is optional, but without `needs` one of them is required."""

    def offers(self, filters: Mapping[str, str]) -> bool:
        """Returns True if these filters, by their names, are this combination."""
        ends = filters.keys() & set(self.range)
        if filters.keys() - ends != self.needs.keys() or (self.range and not self.needs and not ends):
            return False
        return all(not values or filters[name] in values for name, values in self.needs.items())

    def __str__(self) -> str:
        """Returns the combination in the words of the API document."""
        filters = [
            " or ".join(f"`{name}={value}`" for value in values) if values else f"`{name}`"
            for name, values in self.needs.items()
        ]
        ends = " and ".join(f"`{name}`" for name in self.range)
        if not filters:
            return f"{ends}, one or both" if ends else "no filter"
        return " and ".join(filters) + (f", with or without {ends}" if ends else "")


def require_offered(filters: Mapping[str, str], combinations: Sequence[Combination]) -> Combination:
    """Returns the combination of these filters.

    Raises:
        Refused: the list does not offer these filters or values together. The message lists the offered combinations.
    """
    for combination in combinations:
        if combination.offers(filters):
            return combination
    filter_texts = ", ".join(f"`{name}={value}`" for name, value in filters.items())
    combination_texts = "; ".join(str(combination) for combination in combinations)
    raise Refused(
        "filters_not_offered",
        f"This list does not offer {filter_texts} together. It offers: {combination_texts}.",
        field=next(iter(filters)),
        next_step="Use one of the combinations in the message, and leave the other filters out.",
    )


def combination_list(combinations: Sequence[Combination]) -> str:
    """Returns the combinations with their orders as a Markdown list for the API document."""
    return "\n".join(f"- {combination}: {combination.order}" for combination in combinations)

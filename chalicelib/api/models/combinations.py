"""Which filters of a list can be given together.

A list offers a combination of filters only if it is one query a page. Its table of combinations is what requests are
held against, and what the contract and the refusal say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import Refused


@dataclass(frozen=True, slots=True)
class Combination:
    """Filters that are offered together: all of `needs`, with those values, and with or without those in `range`."""

    order: str
    """The order of the list, in words."""
    needs: Mapping[str, Collection[str]]
    """The filters that have to be given, each with the values that it may have. No values means any value."""
    range: tuple[str, ...] = ()
    """The two ends of a range. One end or both can be given. If nothing else is needed, at least one has to be."""

    def offers(self, filters: Mapping[str, str]) -> bool:
        """Returns True if a request with these filters, by their names, is of this combination."""
        ends = filters.keys() & set(self.range)
        if filters.keys() - ends != self.needs.keys() or (self.range and not self.needs and not ends):
            return False
        return all(not values or filters[name] in values for name, values in self.needs.items())

    def __str__(self) -> str:
        """Returns the combination in the words of the contract."""
        filters = [
            " or ".join(f"`{name}={value}`" for value in values) if values else f"`{name}`"
            for name, values in self.needs.items()
        ]
        ends = " and ".join(f"`{name}`" for name in self.range)
        if not filters:
            return f"{ends}, one or both" if ends else "no filter"
        return " and ".join(filters) + (f", with or without {ends}" if ends else "")


def require_offered(filters: Mapping[str, str], combinations: Sequence[Combination]) -> Combination:
    """Returns the combination that these filters are.

    Raises:
        Refused: they are not offered together, or not with these values. The message lists what is offered.
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
    """Returns the combinations with their orders, as a list in Markdown for the contract."""
    return "\n".join(f"- {combination}: {combination.order}" for combination in combinations)

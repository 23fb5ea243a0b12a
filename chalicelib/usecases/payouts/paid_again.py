"""Notes on a payout that gave its money back which later one paid it out again.

The later payout names the earlier one in its lines. POM may come to know either of the two first, so each is looked
for from the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.ports import Ports
from chalicelib.ports.paging import all_items
from chalicelib.usecases.payouts.change_payout import change_payout

AT_ONCE = 100
DAY = 86400


def note_what_is_paid_again(later: Payout, ports: Ports) -> None:
    """Notes this payout on the earlier ones whose money its lines bring again, as far as POM knows them.

    Raises:
        StaleWrite: others kept being faster.
    """
    named = later.itemized.pays_again if later.itemized is not None else ()
    for payout_id in named:
        for earlier in _with_the_one_it_reverses(ports.payouts.get(later.organization_id, payout_id), ports):
            _note(earlier, later, ports)


def note_who_paid_again(payout: Payout, ports: Ports) -> Payout:
    """Returns the payout with the later one that paid its money out again, if POM read that one first.

    A payout that reverses another says the same of that one. It takes a query if the payout gave something back that
    no later one is known to have paid again, and else nothing.

    Raises:
        StaleWrite: others kept being faster.
    """
    for earlier in _with_the_one_it_reverses(payout, ports):
        if not _may_be_paid_again(earlier):
            continue
        gave_back = {earlier.id, earlier.fact.reversed_by_id}
        later = next((each for each in _since(earlier, ports) if gave_back & _named_in(each)), None)
        if later is not None:
            noted = _note(earlier, later, ports)
            payout = noted if noted.id == payout.id else payout
    return payout


def _may_be_paid_again(payout: Payout) -> bool:
    gave_back = payout.fact.returned or payout.fact.reversed_by_id is not None
    return gave_back and payout.returned_in is None


def _named_in(payout: Payout) -> set[str]:
    return set(payout.itemized.pays_again) if payout.itemized is not None else set()


def _with_the_one_it_reverses(payout: Payout | None, ports: Ports) -> Iterator[Payout]:
    if payout is None:
        return
    yield payout
    if payout.fact.original_payout_id is not None:
        original = ports.payouts.get(payout.organization_id, payout.fact.original_payout_id)
        if original is not None:
            yield original


def _since(earlier: Payout, ports: Ports) -> Iterator[Payout]:
    """Returns the payouts that arrive on the day on which this one was made, or later."""
    wanted = PayoutFilter(since=earlier.fact.created // DAY * DAY)
    return all_items(partial(ports.payouts.page, earlier.organization_id, wanted, AT_ONCE))


def _note(earlier: Payout, later: Payout, ports: Ports) -> Payout:
    def noted(stored: Payout | None) -> Payout:
        return replace(stored or earlier, returned_in=later.id)

    return change_payout(earlier.organization_id, earlier.id, noted, ports)

"""Links a payout whose money came back to the later payout that paid the money out again.

The later payout names the earlier one in its lines. POM may store either of the two first, so each is searched from
the other.
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


def link_payouts_paid_again(later: Payout, ports: Ports) -> None:
    """Links the earlier payouts whose money is in this payout's lines to this payout, as far as POM has stored them.

    Raises:
        StaleWrite: other writes came first in every attempt.
    """
    named = later.itemized.pays_again if later.itemized is not None else ()
    for payout_id in named:
        for earlier in _with_the_one_it_reverses(ports.payouts.get(later.organization_id, payout_id), ports):
            _link(earlier, later, ports)


def linked_to_later_payout(payout: Payout, ports: Ports) -> Payout:
    """Returns the payout, linked to the later payout that paid its money out again, if POM stored that one first.

    A payout that reverses another one links that one as well. This takes one query if the payout gave money back and
    is not linked to a later payout yet, and otherwise nothing.

    Raises:
        StaleWrite: other writes came first in every attempt.
    """
    for earlier in _with_the_one_it_reverses(payout, ports):
        if not _may_be_paid_again(earlier):
            continue
        gave_back = {earlier.id, earlier.fact.reversed_by_id}
        later = next((each for each in _since(earlier, ports) if gave_back & _named_in(each)), None)
        if later is not None:
            noted = _link(earlier, later, ports)
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
    """Returns the payouts that arrive on the day of this payout's creation, or later."""
    wanted = PayoutFilter(since=earlier.fact.created // DAY * DAY)
    return all_items(partial(ports.payouts.page, earlier.organization_id, wanted, AT_ONCE))


def _link(earlier: Payout, later: Payout, ports: Ports) -> Payout:
    def noted(stored: Payout | None) -> Payout:
        return replace(stored or earlier, returned_in=later.id)

    return change_payout(earlier.organization_id, earlier.id, noted, ports)

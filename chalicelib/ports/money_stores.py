"""The stores of an organization's money: its movements, its payouts, and the tallies of its invoices.

The rules of `stores` apply here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from chalicelib.domain.balance_transactions import Settlement
from chalicelib.domain.deposits import SettledMovement
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.movements import MovementFilter
from chalicelib.domain.payout import Payout, PayoutFilter
from chalicelib.domain.payout_lines import PayoutLine
from chalicelib.domain.summary import Period
from chalicelib.domain.tallies import Bucket, Tally
from chalicelib.ports.storage import Page


class PaymentStore(Protocol):
    """The movements of money that `InvoiceStore` stores with an organization's invoices."""

    def page(
        self, organization_id: OrganizationId, movement_filter: MovementFilter, first: int, after: str | None
    ) -> Page[SettledMovement]:
        """Returns a page of movements, newest first, by one query unless filters leave too few of them.

        Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def find(self, organization_id: OrganizationId, movement_ids: Sequence[str]) -> Mapping[str, SettledMovement]:
        """Returns the movements that are stored, by id, in one strongly consistent read. Takes at most 100 ids."""

    def change(
        self,
        organization_id: OrganizationId,
        movement_id: str,
        change: Callable[[SettledMovement], SettledMovement],
    ) -> None:
        """Applies `change` to a movement and its settlements, and stores the result. Does nothing if it is not
        stored.

        Raises: StaleWrite if it was changed in the meantime. The caller repeats the call.
        """

    def settle(self, organization_id: OrganizationId, settlements: Sequence[tuple[str, Settlement]]) -> None:
        """Stores settlements, each with the id of the movement that it belongs to.

        A settlement without a payout does not replace a stored one. Settlements of movements that are not stored are
        left out. Repeating the call changes nothing. A write of the movement keeps its settlements.

        Raises: StaleWrite if an invoice is being stored with one of the movements. The caller repeats the call.
        """


class PayoutStore(Protocol):
    """The payouts of organizations' accounts, and their lines."""

    def get(self, organization_id: OrganizationId, payout_id: str) -> Payout | None:
        """Returns a payout, or None, in one strongly consistent read."""

    def find(self, organization_id: OrganizationId, payout_ids: Sequence[str]) -> Mapping[str, Payout]:
        """Returns the payouts that are stored, by id, in one strongly consistent read. Takes at most 100 ids."""

    def save(self, payout: Payout) -> Payout:
        """Inserts a payout (version 0) or changes the version that was read. Raises: StaleWrite."""

    def page(
        self, organization_id: OrganizationId, payout_filter: PayoutFilter, first: int, after: str | None
    ) -> Page[Payout]:
        """Returns a page of payouts, the latest arrival day first, by one query.

        Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def put_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        """Stores at most 100 lines of a payout. Repeating the call changes nothing."""

    def remove_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        """Removes at most 100 lines of a payout. Lines that do not exist are ignored."""

    def lines(
        self, organization_id: OrganizationId, payout_id: str, first: int, after: str | None
    ) -> Page[PayoutLine]:
        """Returns a page of a payout's lines, newest first, by one query.

        Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def all_lines(self, organization_id: OrganizationId, payout_id: str) -> Iterator[PayoutLine]:
        """Yields all present lines of a payout, oldest first. Reads are strongly consistent, one megabyte per
        query.
        """


class SummaryStore(Protocol):
    """The tallies that `InvoiceStore` stores for an organization's invoices."""

    def tallies(self, organization_id: OrganizationId, paid: Period | None) -> Mapping[Bucket, Tally]:
        """Returns the present tallies that are not by day, and those of payments on the days of `paid`, if it is
        given.

        Each of the two takes one query, however many invoices there are.
        """

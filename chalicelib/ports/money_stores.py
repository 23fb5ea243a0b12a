"""What the use cases keep of an organization's money: its movements, its payouts, and the tallies of its invoices.

The rules of `stores` hold here too.
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
    """The movements of money that `InvoiceStore` keeps of an organization's invoices."""

    def page(
        self, organization_id: OrganizationId, wanted: MovementFilter, first: int, after: str | None
    ) -> Page[SettledMovement]:
        """Returns a page of movements, newest first, by one query unless filters leave too few of them.

        Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def find(self, organization_id: OrganizationId, movement_ids: Sequence[str]) -> Mapping[str, SettledMovement]:
        """Returns those of at most 100 movements that are stored, by their ids: one strongly consistent read."""

    def change(
        self,
        organization_id: OrganizationId,
        movement_id: str,
        change: Callable[[SettledMovement], SettledMovement],
    ) -> None:
        """Stores `change` of a movement and of its settlements, in the same place; nothing if it is not stored.

        Raises: StaleWrite if it was changed meanwhile; repeat it.
        """

    def settle(self, organization_id: OrganizationId, settlements: Sequence[tuple[str, Settlement]]) -> None:
        """Keeps settlements, each with the id of the movement that it belongs to.

        One without a payout does not replace one that is stored. A movement that is not stored is left out. Repeating
        it changes nothing. A write of the movement keeps its settlements.

        Raises: StaleWrite if an invoice is just being stored with one of the movements; repeat it.
        """


class PayoutStore(Protocol):
    """The payouts of organizations' accounts, and their lines."""

    def get(self, organization_id: OrganizationId, payout_id: str) -> Payout | None:
        """One strongly consistent read."""

    def find(self, organization_id: OrganizationId, payout_ids: Sequence[str]) -> Mapping[str, Payout]:
        """Returns those of at most 100 payouts that are stored, by their ids: one strongly consistent read."""

    def save(self, payout: Payout) -> Payout:
        """Insert (version 0) or change the version that was read. Raises: StaleWrite."""

    def page(
        self, organization_id: OrganizationId, wanted: PayoutFilter, first: int, after: str | None
    ) -> Page[Payout]:
        """Returns a page of payouts, those that arrive last first, by one query.

        Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def put_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        """Keeps at most 100 lines of a payout. Repeating it changes nothing."""

    def remove_lines(self, organization_id: OrganizationId, payout_id: str, lines: Sequence[PayoutLine]) -> None:
        """Removes at most 100 lines of a payout; fine for those that are gone."""

    def lines(
        self, organization_id: OrganizationId, payout_id: str, first: int, after: str | None
    ) -> Page[PayoutLine]:
        """Returns a page of a payout's lines, newest first, by one query.

        Raises: Refused `cursor_invalid` for a foreign cursor.
        """

    def all_lines(self, organization_id: OrganizationId, payout_id: str) -> Iterator[PayoutLine]:
        """Yields all lines of a payout as they are now, oldest first: strongly consistent, a megabyte a query."""


class SummaryStore(Protocol):
    """The tallies that `InvoiceStore` keeps of an organization's invoices."""

    def tallies(self, organization_id: OrganizationId, paid: Period | None) -> Mapping[Bucket, Tally]:
        """Returns what is not by day, and what was paid on these days if there are any, as it is now.

        It takes a query for each of the two, however many invoices there are.
        """

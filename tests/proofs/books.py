"""Compares POM's stored fees and payouts with the double's own books.

The double's books are its balance transactions, and the list of those that each payout took. Nothing here is computed
by a rule of the backend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.identifiers import InvoiceId, OrganizationId
from chalicelib.domain.payout import Payout
from chalicelib.domain.payout_lines import PayoutLine
from infra.stripe_double import StripeDouble
from tests.fakes import FakeDatabase

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Books:
    """An account in the double, and POM's records of it for an organization."""

    double: StripeDouble
    account: str
    database: FakeDatabase
    organization: OrganizationId

    def table(self, kind: str) -> Mapping[str, dict[str, Any]]:
        """Returns Stripe's objects of a kind by their ids."""
        return self.double.world.ledgers[self.account].tables.get(kind, {})

    def payouts(self, since: int = 0) -> list[Json]:
        """Returns the payouts that the double made at `since` or later (epoch seconds UTC), the earliest first."""
        return [payout for payout in self.table("payout").values() if payout["created"] >= since]

    def listed(self, payout: Json) -> dict[str, Json]:
        """Returns the balance transactions that the double paid out with a payout, without the payout's own."""
        own = payout["balance_transaction"]
        lines = self.double.world.ledgers[self.account].funds.lines(payout["id"])
        return {line["id"]: line for line in lines if line["id"] != own}

    def charges(self) -> Iterator[tuple[Json, Json, InvoiceId]]:
        """Yields each charge of an invoice of POM's that Stripe has booked, with its balance transaction."""
        invoices = self._paid_invoices()
        for charge in self.table("charge").values():
            booked = self.table("balance_transaction").get(charge["balance_transaction"] or "")
            invoice_id = self._of_pom(invoices.get(charge["payment_intent"]))
            if charge["status"] == "succeeded" and booked is not None and invoice_id is not None:
                yield charge, booked, invoice_id

    def owners(self) -> Mapping[str, InvoiceId]:
        """Returns the invoice of POM's that each payment, refund and dispute is about, by the id in Stripe."""
        invoices = self._paid_invoices()
        faults: dict[str, InvoiceId] = {}
        for kind in ("charge", "refund", "dispute"):
            for source in self.table(kind).values():
                invoice_id = self._of_pom(invoices.get(source["payment_intent"]))
                if invoice_id is not None:
                    faults[source["id"]] = invoice_id
        return faults

    def _paid_invoices(self) -> Mapping[str, str]:
        """Returns the Stripe invoice that each payment intent pays."""
        payments = self.table("invoice_payment").values()
        return {each["payment"]["payment_intent"]: each["invoice"] for each in payments}

    def _of_pom(self, stripe_id: str | None) -> InvoiceId | None:
        """Returns POM's invoice for a Stripe invoice or for one that it revises; None if it is not one of POM's."""
        invoices = self.table("invoice")
        while stripe_id is not None and (origin := invoices[stripe_id]["from_invoice"]):
            stripe_id = origin["invoice"]
        ours = InvoiceId(invoices[stripe_id]["metadata"].get("pom_invoice_id", "")) if stripe_id else None
        return ours if ours and (self.organization, ours) in self.database.invoices else None


def faults_of_money(books: Books, since: int = 0) -> list[str]:
    """Returns the differences between POM's fees and payouts and the double's books, in words. Returns nothing if
    they tie out.
    """
    owners = books.owners()
    faults = [fault for payout in books.payouts(since) for fault in _faults_of_payout(books, payout, owners)]
    return faults + list(_faults_of_fees(books))


def _faults_of_payout(books: Books, payout: Json, owners: Mapping[str, InvoiceId]) -> Iterator[str]:
    name = payout["id"]
    stored: Payout | None = books.database.payouts.get((books.organization, name))
    if stored is None:
        yield f"POM does not know the payout {name} of {payout['amount']}"
        return
    stripe_amount = (payout["status"], payout["amount"], payout["currency"], payout["failure_code"])
    stored_lines = (stored.fact.status, stored.fact.amount, stored.fact.currency, stored.fact.failure_code)
    if stored_lines != stripe_amount:
        yield f"payout {name} is {stripe_amount} in Stripe and {stored_lines} in POM"
    if payout["reconciliation_status"] != "completed":
        if stored.itemized is not None:
            yield f"payout {name} has lines, which Stripe cannot list"
        return
    if stored.itemized is None:
        yield f"payout {name} has no lines in POM"
        return
    lines = {line.transaction.id: line for line in books.database.payout_lines[books.organization, name].values()}
    total = sum(line.transaction.net for line in lines.values())
    if total != payout["amount"] or stored.itemized.totals.unexplained or stored.itemized.lines != len(lines):
        yield f"payout {name} is {payout['amount']}, its lines come to {total} and its totals say {stored.itemized}"
    yield from _faults_of_lines(name, books.listed(payout), lines, owners)
    yield from _faults_of_deposits(books, name, lines)


def _faults_of_lines(
    name: str, listed: Mapping[str, Json], lines: Mapping[str, PayoutLine], owners: Mapping[str, InvoiceId]
) -> Iterator[str]:
    if lines.keys() != listed.keys():
        yield f"payout {name}: its lines differ by {sorted(lines.keys() ^ listed.keys())}"
    for line_id in lines.keys() & listed.keys():
        line, theirs = lines[line_id], listed[line_id]
        moved_cents = line.transaction
        if (moved_cents.amount, moved_cents.fee, moved_cents.net) != (theirs["amount"], theirs["fee"], theirs["net"]):
            yield f"payout {name}: line {line_id} is {moved_cents}, in Stripe {theirs}"
        owner = line.owner.invoice_id if line.owner else None
        if owner != owners.get(theirs["source"]):
            yield f"payout {name}: line {line_id} is of {owner}, it should be of {owners.get(theirs['source'])}"


def _faults_of_deposits(books: Books, name: str, lines: Mapping[str, PayoutLine]) -> Iterator[str]:
    """Yields each payment, refund and dispute in a payout whose row does not say that it is in this payout."""
    for line in lines.values():
        movement_id = line.transaction.movement_id
        if line.owner is None or (books.organization, movement_id or "-") not in books.database.movements:
            continue
        settled = books.database.settlements.get((books.organization, movement_id), {}).get(line.transaction.id)
        if settled is None or settled.payout_id != name:
            yield f"{movement_id} does not say that it is in the payout {name}: {settled}"


def _faults_of_fees(books: Books) -> Iterator[str]:
    for charge, booked, invoice_id in books.charges():
        row = books.database.movements.get((books.organization, charge["payment_intent"]))
        if row is None or row.status != "succeeded":
            yield f"{charge['id']} of {invoice_id} succeeded in Stripe; its row is {row}"
            continue
        stored_lines = books.database.settlements.get((books.organization, row.id), {}).get(booked["id"])
        published_fee = (stored_lines.transaction.fee, stored_lines.transaction.net) if stored_lines else None
        if published_fee != (booked["fee"], booked["net"]):
            yield f"{row.id} of {invoice_id} has fee {booked['fee']}, net {booked['net']}; row: {published_fee}"

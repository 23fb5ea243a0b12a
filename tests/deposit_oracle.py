"""Derives POM's payouts, their lines and fees from Stripe's objects alone, to compare them with the stored ones.

No rule of the backend is used here, so that the two results are independent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.adapters.stripe.event_subjects import INVOICE_KEY
from chalicelib.domain.identifiers import OrganizationId
from tests.world import World

JSON = dict[str, Any]


def deposit_differences(world: World, account: str, organization: OrganizationId) -> list[str]:
    """Returns one sentence for each difference between POM and Stripe in payouts, their lines, and fees of
    payments.
    """
    books = _Books(world, account)
    return [
        *_of_payouts(books, organization),
        *_of_rows(books, organization),
    ]


class _Books:
    """Stripe's objects of an account, and POM's stored records."""

    def __init__(self, world: World, account: str) -> None:
        self.world = world
        self.account = account
        self.objects: JSON = world.double.ledger(account)["objects"]
        self._charges = {each["id"]: each for each in self.all("charge")}
        self._invoices = {each["id"]: each["metadata"].get(INVOICE_KEY) for each in self.all("invoice")}
        self._paid = {
            each["payment"]["payment_intent"]: self._invoices.get(each["invoice"])
            for each in self.all("invoice_payment")
        }
        self._sources = {each["id"]: each for kind in ("refund", "dispute") for each in self.all(kind)}

    def all(self, kind: str) -> list[JSON]:
        return list(self.objects.get(kind, []))

    def lines(self, payout: JSON) -> list[JSON]:
        """Returns Stripe's list of a payout's transactions, without the payout's own transactions."""
        own = {payout["balance_transaction"], payout["failure_balance_transaction"]}
        if not payout["automatic"] or payout["reconciliation_status"] != "completed":
            return []
        options: Any = {"stripe_account": self.account}
        params: Any = {"payout": payout["id"], "limit": 100}
        transactions = self.world.client.v1.balance_transactions.list(params, options).auto_paging_iter()
        return [each.to_dict() for each in transactions if each.id not in own]

    def invoice_of(self, transaction: Mapping[str, Any]) -> str | None:
        """Returns POM's id of the invoice that a transaction belongs to, or None."""
        source = transaction["source"] or ""
        about = self._sources.get(source)
        charge = self._charges.get(about["charge"] if about else source)
        return self._paid.get(charge["payment_intent"]) if charge else None

    def row_of(self, transaction: Mapping[str, Any]) -> str:
        """Returns the id of the row of `GET /payments` that a transaction of an invoice belongs to."""
        source = str(transaction["source"])
        charge = self._charges.get(source)
        return str(charge["payment_intent"]) if charge else source


def _of_payouts(books: _Books, organization: OrganizationId) -> Iterator[str]:
    stored = {id_: each for (owner, id_), each in books.world.ports.database.payouts.items() if owner == organization}
    in_stripe = {each["id"]: each for each in books.all("payout")}
    for id_ in stored.keys() - in_stripe.keys():
        yield f"{id_}: POM has it, Stripe does not"
    for id_, payout in in_stripe.items():
        mine = stored.get(id_)
        if mine is None:
            yield f"{id_}: POM does not have it"
            continue
        in_stripe_terms = (payout["status"], payout["amount"], payout["currency"], payout["arrival_date"])
        in_pom_terms = (mine.fact.status, mine.fact.amount, mine.fact.currency, mine.fact.arrival_date)
        if in_stripe_terms != in_pom_terms:
            yield f"{id_}: Stripe says {in_stripe_terms}, POM {in_pom_terms}"
        lines = books.lines(payout)
        theirs = {each["id"]: (each["net"], each["fee"], books.invoice_of(each)) for each in lines}
        ours = {
            line.transaction.id: (line.transaction.net, line.transaction.fee, line.owner and line.owner.invoice_id)
            for line in books.world.ports.payouts.all_lines(organization, id_)
        }
        if theirs != ours:
            yield f"{id_}: Stripe lists {theirs}, POM {ours}"
        if lines and (mine.itemized is None or mine.itemized.totals.sum != payout["amount"] or not mine.tied_out):
            yield f"{id_}: it does not tie out: {mine.itemized}"


def _of_rows(books: _Books, organization: OrganizationId) -> Iterator[str]:
    in_payout = {line["id"]: payout["id"] for payout in books.all("payout") for line in books.lines(payout)}
    database = books.world.ports.database
    rows = {id_ for owner, id_ in database.movements if owner == organization}
    beside: dict[tuple[str, str], str | None] = {}
    for (owner, row), settlements in database.settlements.items():
        if owner == organization:
            beside |= {(row, each.transaction.id): each.payout_id for each in settlements.values()}
    for transaction in books.all("balance_transaction"):
        row = books.row_of(transaction)
        if books.invoice_of(transaction) is None or row not in rows:
            continue
        payout = in_payout.get(transaction["id"])
        of_a_payment = transaction["reporting_category"] == "charge"
        if (row, transaction["id"]) not in beside:
            if payout is not None or of_a_payment:
                yield f"{transaction['id']} is not beside {row}"
        elif beside[row, transaction["id"]] != payout:
            yield f"{transaction['id']} is in {payout}, and POM says {beside[row, transaction['id']]}"

"""The ledger of stored versions: the commits to the tables whose changes are published, in the order of writing.

The ledger does not use the stream: the memory stores enter each version when they store it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.changes import ObjectKind
from chalicelib.domain.identifiers import OrganizationId, StripeAccountId
from chalicelib.domain.invoice import Invoice
from chalicelib.ports import Clock
from tests.fakes.database import FakeDatabase, Keyed

TABLES = {
    ObjectKind.INVOICE: "invoices",
    ObjectKind.CUSTOMER: "customers",
    ObjectKind.CONNECTION: "connections",
    ObjectKind.PAYOUT: "payouts",
}
"""The memory stores whose changes are published."""


@dataclass(frozen=True)
class Entry:
    """One committed write of one object at `at` (epoch seconds UTC). None stands for no record."""

    kind: ObjectKind
    organization_id: OrganizationId
    object_id: str
    before: Any
    after: Any
    at: int

    @property
    def version(self) -> int:
        """The version after the write. A deleted object has the version after its last one."""
        return int(self.after.version if self.after is not None else self.before.version + 1)

    @property
    def key(self) -> tuple[ObjectKind, str, str]:
        """Names the object."""
        return self.kind, self.organization_id, self.object_id


@dataclass
class Ledger:
    """Everything that was stored."""

    clock: Clock
    entries: list[Entry] = field(default_factory=list)

    def enter(self, kind: ObjectKind, key: Any, before: Any, after: Any) -> None:
        organization_id, object_id = key if isinstance(key, tuple) else (key, key)
        self.entries.append(Entry(kind, organization_id, object_id, before, after, self.clock.now()))

    def removed(self) -> Iterator[tuple[Invoice, StripeAccountId | None]]:
        """Yields each invoice that was removed, and the account that was connected then."""
        connected: dict[OrganizationId, StripeAccountId | None] = {}
        for entry in self.entries:
            if entry.kind is ObjectKind.CONNECTION:
                connected[entry.organization_id] = entry.after.account_id if entry.after is not None else None
            elif entry.kind is ObjectKind.INVOICE and entry.after is None:
                yield entry.before, connected.get(entry.organization_id)

    def lives(self) -> Iterator[list[Entry]]:
        """Yields the entries of each object, in order."""
        objects: dict[tuple[ObjectKind, str, str], list[Entry]] = {}
        for entry in self.entries:
            objects.setdefault(entry.key, []).append(entry)
        yield from objects.values()


def recorded(database: FakeDatabase, clock: Clock) -> Ledger:
    """Returns the ledger of all that is stored in the database from now on."""
    ledger = Ledger(clock)
    for kind, name in TABLES.items():
        setattr(database, name, _Recorded(kind, ledger, getattr(database, name)))
    return ledger


class _Recorded(Keyed[Any, Any]):
    """A table in memory that enters each write."""

    def __init__(self, kind: ObjectKind, ledger: Ledger, content: Any) -> None:
        super().__init__(content)
        self._kind = kind
        self._ledger = ledger

    def __setitem__(self, key: Any, value: Any) -> None:
        before = self.get(key)
        super().__setitem__(key, value)
        self._ledger.enter(self._kind, key, before, value)

    def __delitem__(self, key: Any) -> None:
        before = self.pop(key)
        assert before is not None

    def pop(self, key: Any, *default: Any) -> Any:
        before = super().pop(key, *default)
        if before is not None:
            self._ledger.enter(self._kind, key, before, None)
        return before

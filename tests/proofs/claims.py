"""The invariants, and which proofs hold each. docs/proofs.md has the same list; a test sees to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.proofs.report import Result


@dataclass(frozen=True)
class Invariant:
    number: int
    claim: str
    proofs: tuple[str, ...]

    def verdict(self, results: Mapping[str, Result]) -> str:
        """What the proofs that were tried say of it."""
        tried = [
            results[name]
            for name in self.proofs
            if name in results and (results[name].count or results[name].failures)
        ]
        if any(result.failures for result in tried):
            return "FAILED"
        return "held" if tried else "not tried"


INVARIANTS = (
    Invariant(
        1, "A service is on one invoice at most that is not void",
        ("never-twice", "conservation", "machine", "stores"),
    ),
    Invariant(
        2, "Asked for once, an invoice is in Stripe once at most, whatever dies, times out or is repeated, for days",
        ("never-twice", "crashes", "conservation"),
    ),
    Invariant(
        3, "An authentic event that was answered 2xx is applied, a duplicate, parked, or none of ours; none is lost",
        ("conservation", "crashes", "load"),
    ),
    Invariant(
        4, "The status follows from the facts alone: any order, repetition, loss and sweep ends alike, as in Stripe",
        ("permutations", "conservation", "healing", "load"),
    ),
    Invariant(
        5, "An older event or answer takes no status back; the late failure of a refund does",
        ("permutations", "conservation", "machine", "late-answers"),
    ),
    Invariant(
        6, "After any loss of events one sweep makes POM equal Stripe, and the next writes nothing",
        ("healing", "conservation", "load"),
    ),
    Invariant(
        7, "No organization reads or changes what is another's; an event's tenant is the account it is signed for",
        ("isolation", "conservation"),
    ),
    Invariant(
        8, "An event that is unsigned, altered, over 300 seconds off, or signed for another endpoint changes nothing",
        ("hostile-doors",),
    ),
    Invariant(
        9, "Only the admin who began to connect can complete it, once, within ten minutes; an account has one owner",
        ("connecting", "conservation"),
    ),
    Invariant(
        10, "Disconnecting deletes nothing; the same account resumes and catches up, another one starts afresh",
        ("connecting", "conservation"),
    ),
    Invariant(
        11, "No secret, token or personal datum is in a log line, a metric, an error or a dead letter's attributes; "
        "the line of a request has a digest of its user and the network that it came from",
        ("isolation",),
    ),
    Invariant(
        12, "Money is whole minor units inside and exact decimals at the edge, in currencies of 0, 2 and 3 decimals",
        ("money",),
    ),
    Invariant(
        13, "A total is the sum of its terms; lost money was not received",
        ("conservation", "machine", "permutations", "healing"),
    ),
    Invariant(
        14, "An organization's movements of money are those of its invoices, and add up to what these received",
        ("conservation", "machine", "permutations", "crashes"),
    ),
    Invariant(
        15, "Each event about an invoice is in its event log, once; its timeline is the same for every order of them",
        ("permutations", "conservation", "healing", "load"),
    ),
    Invariant(
        16, "Each payout's lines add up to it, each of the right invoice; each fee and net is Stripe's, to the cent",
        ("quarter", "conservation", "machine", "crashes", "healing"),
    ),
    Invariant(
        17, "POM is told exactly what was stored, on the bus and in the feed, with the status before and after",
        ("publishing",),
    ),
    Invariant(
        18, "Whoever is erased is in nothing that POM keeps, whatever comes later; nothing open is erased",
        ("erasures", "crashes"),
    ),
)  # fmt: skip

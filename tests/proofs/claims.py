"""The invariants, each with the proofs that hold it. A test compares this list with the table in docs/proofs.md."""

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
        """Returns `FAILED` if a proof of the invariant failed, `held` if one ran and none failed, or `not tried`."""
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
        1, "A service is on at most one invoice that is not void",
        ("never-twice", "conservation", "machine", "stores"),
    ),
    Invariant(
        2, "One order creates at most one invoice in Stripe, whatever crashes, times out or is repeated, for days",
        ("never-twice", "crashes", "conservation"),
    ),
    Invariant(
        3, "An authentic event that POM acknowledged is applied, a duplicate, parked, or not POM's; no event is lost",
        ("conservation", "crashes", "load"),
    ),
    Invariant(
        4, "The status depends on the facts alone: any order, repetition or loss of events ends in Stripe's status",
        ("permutations", "conservation", "reconciliation", "load"),
    ),
    Invariant(
        5, "An older event or response never reverts a status; the late failure of a refund does",
        ("permutations", "conservation", "machine", "late-responses"),
    ),
    Invariant(
        6, "After any loss of events one sweep makes POM equal to Stripe, and the next sweep writes nothing",
        ("reconciliation", "conservation", "load"),
    ),
    Invariant(
        7, "No organization reads or changes another one's data; an event belongs to the account it is signed for",
        ("isolation", "conservation"),
    ),
    Invariant(
        8, "An event that is unsigned, altered, over 300 seconds off, or signed for another endpoint changes nothing",
        ("forgeries",),
    ),
    Invariant(
        9, "Only the admin who began to connect can complete it, once, within ten minutes; an account has one owner",
        ("connecting", "conservation"),
    ),
    Invariant(
        10, "Disconnecting deletes nothing; the same account resumes and catches up, another account starts empty",
        ("connecting", "conservation"),
    ),
    Invariant(
        11, "No log line, metric, error or attribute of a dead letter holds a secret, a token or personal data; "
        "the log line of a request has a digest of its user and the network that it came from",
        ("isolation",),
    ),
    Invariant(
        12, "Money is whole minor units in POM and exact decimals in the API, in currencies of 0, 2 and 3 decimals",
        ("money",),
    ),
    Invariant(
        13, "A total is the sum of its terms; money lost in a dispute does not count as received",
        ("conservation", "machine", "permutations", "reconciliation"),
    ),
    Invariant(
        14, "An organization's payments and refunds are those of its invoices, and add up to the received amounts",
        ("conservation", "machine", "permutations", "crashes"),
    ),
    Invariant(
        15, "Each event about an invoice is in its event log once; the timeline is the same for any order of events",
        ("permutations", "conservation", "reconciliation", "load"),
    ),
    Invariant(
        16, "A payout's lines add up to it and name the right invoices; each fee and net is Stripe's, to the cent",
        ("quarter", "conservation", "machine", "crashes", "reconciliation"),
    ),
    Invariant(
        17, "The bus and the feed have exactly the stored changes, each with the status before and after",
        ("publishing",),
    ),
    Invariant(
        18, "No stored record names an erased customer, whatever arrives later; no open business is erased",
        ("erasures", "crashes"),
    ),
)  # fmt: skip

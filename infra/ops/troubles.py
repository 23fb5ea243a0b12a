"""What keeps `status` from saying that all is well: each thing that is wrong, and each that is not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.canary import CanaryRun
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.functions import UNPUBLISHED_CHANGES
from infra.ops.alarm_states import AlarmState, State
from infra.ops.screen import Row, ago
from infra.template.alarms import RUN_BOOKS
from infra.template.secret_alarms import OLDEST


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, or that is not `known`; the run book says what to do."""

    what: str
    finding: str
    run_book: str
    known: bool = True

    @property
    def row(self) -> dict[str, Any]:
        """Returns what people and scripts are shown."""
        return {
            "what": self.what,
            "is": self.finding,
            "known": self.known,
            "run_book": f"{RUN_BOOKS}/{self.run_book}",
        }


def of_organizations(rows: Iterable[Row]) -> Iterator[Trouble]:
    """Yields each organization that no webhook reaches, or that has parked events."""
    for row in rows:
        if row["webhooks"] not in WEBHOOKS_WELL:
            yield Trouble(f"webhooks of {row['organization']}", row["webhooks"], "webhook-endpoint.md")
        if row["parked"]:
            yield Trouble(f"parked events of {row['organization']}", str(row["parked"]), "parked-events.md")


NO_PROBLEM = "no problem known"
NOT_CONNECTED = "not connected"
WEBHOOKS_WELL = frozenset({NO_PROBLEM, NOT_CONNECTED})


def of_freezes(platform: str | None, frozen: Iterable[Row]) -> Iterator[Trouble]:
    """Yields the freeze of everybody, and each frozen organization."""
    if platform is not None:
        yield Trouble("frozen for everybody", platform, FROZEN)
    for row in frozen:
        yield Trouble(f"frozen: {row['organization']}", f"since {row['since']}: {row['reason']}", FROZEN)


FROZEN = "suspected-double-bill.md"


def of_queues(rows: Iterable[Row]) -> Iterator[Trouble]:
    """Yields each queue that has dead letters, or that cannot be found."""
    for row in rows:
        if row["waiting"] is None or row["dead_letters"] is None:
            yield Trouble(f"queue {row['queue']}", "does not exist, or its dead-letter queue does not", DEAD, False)
        elif row["dead_letters"] and row["queue"] == UNPUBLISHED_CHANGES:
            yield Trouble("unpublished changes", str(row["dead_letters"]), UNPUBLISHED)
        elif row["dead_letters"]:
            yield Trouble(f"dead letters of {row['queue']}", str(row["dead_letters"]), DEAD)


DEAD = "dead-letters.md"
UNPUBLISHED = "unpublished-changes.md"


def of_stuck(count: int) -> Iterator[Trouble]:
    """Yields one trouble for all stuck invoices."""
    if count:
        yield Trouble("stuck invoices", str(count), "stuck-invoices.md")


def of_erasures(rows: Iterable[Row]) -> Iterator[Trouble]:
    """Yields each erasure that is overdue, or that has waited for something for weeks."""
    for row in rows:
        if row["problem"] is not None:
            yield Trouble(f"erasure of {row['customer']} of {row['organization']}", row["problem"], "erasures.md")


def of_endpoint(check: WebhookCheck | None, now: int, finding: str) -> Iterator[Trouble]:
    """Yields what the latest look at Stripe's endpoint found, or that there is no usable look."""
    known = check is not None and check.usable(now)
    if check is None or not known or check.problem:
        yield Trouble("webhook endpoint in Stripe", finding, "webhook-endpoint.md", known)


def of_canary(flight: CanaryRun | None, now: int, finding: str) -> Iterator[Trouble]:
    """Yields what the latest flight of the schedule found, or that there is no usable flight."""
    known = flight is not None and flight.usable(now)
    if flight is None or not known or flight.problem or not flight.verdict.passed:
        yield Trouble("canary", finding, "canary.md", known)


def of_signatures(in_an_hour: int | None) -> Iterator[Trouble]:
    """Yields the refused signatures of the last hour. Whether they are a stranger's, the run book finds out."""
    if in_an_hour is None:
        yield Trouble("refused signatures", "the figure could not be read", SIGNATURES, False)
    elif in_an_hour:
        yield Trouble(
            "refused signatures", f"{in_an_hour} in the last hour: a wrong secret or a stranger", SIGNATURES
        )


def ages_in_words(days: Mapping[str, int | None]) -> str:
    """Returns the age of each secret as the screen shows it."""
    return ", ".join(f"{secret} {'unknown' if age is None else age}" for secret, age in days.items())


def of_secrets(days: Mapping[str, int | None]) -> Iterator[Trouble]:
    """Yields each secret that has been the same for too many days, and each whose age is not known."""
    for secret, age in days.items():
        if age is None:
            yield Trouble(f"age of the {secret} secret", "Secrets Manager did not tell it", SIGNATURES, False)
        elif age > OLDEST:
            yield Trouble(f"age of the {secret} secret", f"{age} days: exchange it", SIGNATURES)


SIGNATURES = "secret-rotation.md"


def of_alarms(states: Iterable[AlarmState] | None) -> Iterator[Trouble]:
    """Yields each alarm that rings, and each whose state is not known."""
    if states is None:
        yield Trouble("alarms", "their states could not be read", "README.md", False)
        return
    for each in states:
        if each.state is State.RINGING:
            yield Trouble(f"alarm {each.name}", f"ringing ({each.grade})", each.run_book)
        elif each.state is State.UNKNOWN:
            yield Trouble(f"alarm {each.name}", "missing, or with too little data", each.run_book, False)


def endpoint_in_words(check: WebhookCheck | None, now: int) -> str:
    """Returns what is known of Stripe's endpoint for POM."""
    if check is None:
        return "not looked at yet"
    if not check.usable(now):
        return f"not known: the latest look, {ago(check.at, now)} ago, is too old or Stripe did not answer"
    return f"{(check.problem or 'as it should be').removesuffix('.')}, looked at {ago(check.at, now)} ago"


def canary_in_words(flight: CanaryRun | None, now: int) -> str:
    """Returns what is known of the canary."""
    if flight is None:
        return "not flown yet"
    if not flight.usable(now):
        return f"not known: the latest flight is {ago(flight.at, now)} old"
    return f"{flight.problem or flight.verdict}, {ago(flight.at, now)} ago"


def verdict(troubles: Iterable[Trouble]) -> str:
    """Returns the last line of `status`."""
    known = [each.known for each in troubles]
    if not known:
        return "All is well."
    wrong, unknown = known.count(True), known.count(False)
    return f"NOT all is well: {wrong} wrong, {unknown} not known."

"""The reasons for which `status` does not report that all is well: problems, and facts that are unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.canary import CanaryRun
from chalicelib.domain.webhook import WebhookCheck
from chalicelib.functions import UNPUBLISHED_CHANGES
from infra.ops.alarm_states import AlarmState, State
from infra.ops.screen import Row, time_since
from infra.template.alarms import RUN_BOOKS
from infra.template.secret_alarms import OLDEST


@dataclass(frozen=True)
class Trouble:
    """One problem, or one unknown fact if `is_known` is False. The run book says what to do."""

    subject: str
    finding: str
    run_book: str
    is_known: bool = True

    @property
    def row(self) -> dict[str, Any]:
        """Returns the row that is printed and that JSON has."""
        return {
            "what": self.subject,
            "is": self.finding,
            "known": self.is_known,
            "run_book": f"{RUN_BOOKS}/{self.run_book}",
        }


def of_organizations(rows: Iterable[Row]) -> Iterator[Trouble]:
    """Yields each organization that webhooks do not reach, and each with parked events."""
    for row in rows:
        if row["webhooks"] not in WEBHOOKS_WELL:
            yield Trouble(f"webhooks of {row['organization']}", row["webhooks"], "webhook-endpoint.md")
        if row["parked"]:
            yield Trouble(f"parked events of {row['organization']}", str(row["parked"]), "parked-events.md")


NO_PROBLEM = "no problem known"
NOT_CONNECTED = "not connected"
WEBHOOKS_WELL = frozenset({NO_PROBLEM, NOT_CONNECTED})


def of_freezes(platform: str | None, frozen: Iterable[Row]) -> Iterator[Trouble]:
    """Yields the freeze of all organizations, and each frozen organization."""
    if platform is not None:
        yield Trouble("frozen: all organizations", platform, FREEZE_BOOK)
    for row in frozen:
        yield Trouble(f"frozen: {row['organization']}", f"since {row['since']}: {row['reason']}", FREEZE_BOOK)


FREEZE_BOOK = "suspected-double-bill.md"


def of_queues(rows: Iterable[Row]) -> Iterator[Trouble]:
    """Yields each queue with dead letters, and each that does not exist."""
    for row in rows:
        if row["waiting"] is None or row["dead_letters"] is None:
            yield Trouble(
                f"queue {row['queue']}", "does not exist, or its dead-letter queue does not", DEAD_LETTERS_BOOK, False
            )
        elif row["dead_letters"] and row["queue"] == UNPUBLISHED_CHANGES:
            yield Trouble("unpublished changes", str(row["dead_letters"]), UNPUBLISHED)
        elif row["dead_letters"]:
            yield Trouble(f"dead letters of {row['queue']}", str(row["dead_letters"]), DEAD_LETTERS_BOOK)


DEAD_LETTERS_BOOK = "dead-letters.md"
UNPUBLISHED = "unpublished-changes.md"


def of_stuck(count: int) -> Iterator[Trouble]:
    """Yields one trouble for all stuck invoices together."""
    if count:
        yield Trouble("stuck invoices", str(count), "stuck-invoices.md")


def of_erasures(rows: Iterable[Row]) -> Iterator[Trouble]:
    """Yields each erasure that is overdue or has waited for weeks."""
    for row in rows:
        if row["problem"] is not None:
            yield Trouble(f"erasure of {row['customer']} of {row['organization']}", row["problem"], "erasures.md")


def of_endpoint(check: WebhookCheck | None, now: int, finding: str) -> Iterator[Trouble]:
    """Yields the problem that the latest check of Stripe's endpoint found, or that there is no recent check."""
    is_known = check is not None and check.usable(now)
    if check is None or not is_known or check.problem:
        yield Trouble("webhook endpoint in Stripe", finding, "webhook-endpoint.md", is_known)


def of_canary(flight: CanaryRun | None, now: int, finding: str) -> Iterator[Trouble]:
    """Yields the problem that the schedule's latest canary found, or that there is no recent canary."""
    is_known = flight is not None and flight.usable(now)
    if flight is None or not is_known or flight.problem or not flight.verdict.passed:
        yield Trouble("canary", finding, "canary.md", is_known)


def of_signatures(in_an_hour: int | None) -> Iterator[Trouble]:
    """Yields the refused signatures of the last hour. The run book explains how to find their sender."""
    if in_an_hour is None:
        yield Trouble("refused signatures", "the count could not be read", SIGNATURES_BOOK, False)
    elif in_an_hour:
        yield Trouble(
            "refused signatures", f"{in_an_hour} in the last hour: a wrong secret or an outsider", SIGNATURES_BOOK
        )


def ages_in_words(days: Mapping[str, int | None]) -> str:
    """Returns the age of each secret in days, as the screen shows it."""
    return ", ".join(f"{secret} {'unknown' if age is None else age}" for secret, age in days.items())


def of_secrets(days: Mapping[str, int | None]) -> Iterator[Trouble]:
    """Yields each secret that was not rotated for too long, and each whose age is unknown."""
    for secret, age in days.items():
        if age is None:
            yield Trouble(f"age of the {secret} secret", "not available from Secrets Manager", SIGNATURES_BOOK, False)
        elif age > OLDEST:
            yield Trouble(f"age of the {secret} secret", f"{age} days: rotate it", SIGNATURES_BOOK)


SIGNATURES_BOOK = "secret-rotation.md"


def of_alarms(states: Iterable[AlarmState] | None) -> Iterator[Trouble]:
    """Yields each alarm that fires, and each whose state is unknown."""
    if states is None:
        yield Trouble("alarms", "their states could not be read", "README.md", False)
        return
    for each in states:
        if each.state is State.FIRING:
            yield Trouble(f"alarm {each.name}", f"firing ({each.grade})", each.run_book)
        elif each.state is State.UNKNOWN:
            yield Trouble(f"alarm {each.name}", "missing, or too little data", each.run_book, False)


def endpoint_in_words(check: WebhookCheck | None, now: int) -> str:
    """Returns the result of the latest check of Stripe's endpoint for POM, in words."""
    if check is None:
        return "not checked yet"
    if not check.usable(now):
        return f"unknown: the latest check, {time_since(check.at, now)} ago, is too old or Stripe did not respond"
    return f"{(check.problem or 'configured correctly').removesuffix('.')}, checked {time_since(check.at, now)} ago"


def canary_in_words(flight: CanaryRun | None, now: int) -> str:
    """Returns the result of the latest canary, in words."""
    if flight is None:
        return "not sent yet"
    if not flight.usable(now):
        return f"unknown: the latest canary is {time_since(flight.at, now)} old"
    return f"{flight.problem or flight.verdict}, {time_since(flight.at, now)} ago"


def verdict(troubles: Iterable[Trouble]) -> str:
    """Returns the last line of `status`."""
    known_flags = [each.is_known for each in troubles]
    if not known_flags:
        return "All is well."
    wrong, unknown = known_flags.count(True), known_flags.count(False)
    return f"NOT all is well: {wrong} wrong, {unknown} unknown."

"""What was looked at and what was found: one row each, all shown, however many are bad."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.config import ConfigurationError
from chalicelib.domain.errors import IntegrationError
from infra.ops.screen import Row, Screen
from infra.ops.stage import NoStage


class State(StrEnum):
    """How it was found."""

    OK = "ok"
    TO_DO = "to do"
    """Right so far; the row says what a person does next."""
    BAD = "FAILED"
    SKIPPED = "not looked at"


STYLES = {State.OK: "green", State.TO_DO: "yellow", State.BAD: "red", State.SKIPPED: "dim"}


class Bad(Exception):
    """What was looked at is not as it has to be; the message says how, and what to do."""


class ToDo(Exception):
    """It is as it can be at this time; the message says what is to be done later."""


@dataclass(frozen=True)
class Finding:
    """One row."""

    check: str
    state: State
    found: str


UNANSWERED = (ClientError, BotoCoreError, IntegrationError, ConfigurationError, NoStage, OSError)
"""Whoever was asked refused, or did not answer."""


def look(check: str, at: Callable[[], str]) -> Finding:
    """Look at one thing: `at` answers what it found, or raises Bad or ToDo."""
    try:
        return Finding(check, State.OK, at())
    except ToDo as todo:
        return Finding(check, State.TO_DO, str(todo))
    except Bad as bad:
        return Finding(check, State.BAD, str(bad))
    except UNANSWERED as error:
        return Finding(check, State.BAD, f"{type(error).__name__}: {error}")


def look_at_all(checks: Mapping[str, Callable[[], str]]) -> list[Finding]:
    """Every one, whatever the others found."""
    return [look(check, at) for check, at in checks.items()]


def tell(screen: Screen, name: str, title: str, findings: Sequence[Finding]) -> bool:
    """Show the rows; answers whether none is bad."""
    rows = [{"check": each.check, "state": each.state.value, "found": each.found} for each in findings]
    screen.table(name, title, rows, style=_style)
    bad = sum(each.state is State.BAD for each in findings)
    if bad:
        screen.failure(f"{title}: {bad} of {len(findings)} failed.")
    return not bad


def _style(row: Row) -> str:
    return STYLES[State(row["state"])]

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
    FAILED = "FAILED"
    SKIPPED = "not looked at"


STYLES = {State.OK: "green", State.TO_DO: "yellow", State.FAILED: "red", State.SKIPPED: "dim"}


class CheckFailed(Exception):
    """What was looked at is not as it has to be; the message says how, and what to do."""


class ActionNeeded(Exception):
    """It is as it can be at this time; the message says what is to be done later."""


@dataclass(frozen=True)
class Finding:
    """One row."""

    check: str
    state: State
    found: str


REQUEST_ERRORS = (ClientError, BotoCoreError, IntegrationError, ConfigurationError, NoStage, OSError)
"""Whoever was asked refused, or did not answer."""


def run_check(check: str, perform: Callable[[], str]) -> Finding:
    """Look at one thing: `at` answers what it found, or raises Bad or ToDo."""
    try:
        return Finding(check, State.OK, perform())
    except ActionNeeded as action:
        return Finding(check, State.TO_DO, str(action))
    except CheckFailed as failure:
        return Finding(check, State.FAILED, str(failure))
    except REQUEST_ERRORS as error:
        return Finding(check, State.FAILED, f"{type(error).__name__}: {error}")


def run_checks(checks: Mapping[str, Callable[[], str]]) -> list[Finding]:
    """Every one, whatever the others found."""
    return [run_check(check, at) for check, at in checks.items()]


def show_findings(screen: Screen, name: str, title: str, findings: Sequence[Finding]) -> bool:
    """Show the rows; answers whether none is bad."""
    rows = [{"check": each.check, "state": each.state.value, "found": each.found} for each in findings]
    screen.table(name, title, rows, style=_style)
    failed = sum(each.state is State.FAILED for each in findings)
    if failed:
        screen.failure(f"{title}: {failed} of {len(findings)} failed.")
    return not failed


def _style(row: Row) -> str:
    return STYLES[State(row["state"])]

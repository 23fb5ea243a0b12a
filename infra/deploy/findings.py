"""The results of checks. All rows are shown, even if some failed."""

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
    """The result of a check."""

    OK = "ok"
    TO_DO = "to do"
    """Correct so far. The row says what a person does next."""
    FAILED = "FAILED"
    SKIPPED = "skipped"


STYLES = {State.OK: "green", State.TO_DO: "yellow", State.FAILED: "red", State.SKIPPED: "dim"}


class CheckFailed(Exception):
    """Raised when a check fails. The message gives the reason and the next step."""


class ActionNeeded(Exception):
    """Raised when a check passes for now. The message says what a person must do later."""


@dataclass(frozen=True)
class Finding:
    """The result of one check, as a row."""

    check: str
    state: State
    found: str


REQUEST_ERRORS = (ClientError, BotoCoreError, IntegrationError, ConfigurationError, NoStage, OSError)
"""Errors of a request that was refused or got no response."""


def run_check(check: str, perform: Callable[[], str]) -> Finding:
    """Runs one check. `perform` returns the result as text, or raises CheckFailed or ActionNeeded."""
    try:
        return Finding(check, State.OK, perform())
    except ActionNeeded as action:
        return Finding(check, State.TO_DO, str(action))
    except CheckFailed as failure:
        return Finding(check, State.FAILED, str(failure))
    except REQUEST_ERRORS as error:
        return Finding(check, State.FAILED, f"{type(error).__name__}: {error}")


def run_checks(checks: Mapping[str, Callable[[], str]]) -> list[Finding]:
    """Runs all checks, also after failures."""
    return [run_check(check, at) for check, at in checks.items()]


def show_findings(screen: Screen, name: str, title: str, findings: Sequence[Finding]) -> bool:
    """Shows the rows. Returns True if no check failed."""
    rows = [{"check": each.check, "state": each.state.value, "found": each.found} for each in findings]
    screen.table(name, title, rows, style=_style)
    failed = sum(each.state is State.FAILED for each in findings)
    if failed:
        screen.failure(f"{title}: {failed} of {len(findings)} failed.")
    return not failed


def _style(row: Row) -> str:
    return STYLES[State(row["state"])]

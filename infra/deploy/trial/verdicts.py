"""The rows of a trial, and their verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import ClientError

from infra.deploy import findings
from infra.deploy.findings import REQUEST_ERRORS, CheckFailed
from infra.deploy.trial.site import Site


class Verdict(StrEnum):
    """The result of a row."""

    AS_EXPECTED = "as expected"
    HARMLESS = "differs, harmless"
    HARMFUL = "differs, harmful"
    NOT_TRIED = "not tried"


class Harmless(Exception):
    """Raised when a row differs without harm. The message gives the difference and its consequence."""


class NotTried(Exception):
    """Raised when a row cannot run at this stage or at this time. The message gives the reason."""


@dataclass(frozen=True)
class Row:
    """One check. `attempt` returns the observation, or raises CheckFailed, Harmless or NotTried."""

    name: str
    expected: str
    """The expectation, as a sentence."""
    attempt: Callable[[Site], str]
    changes: str = ""
    """The change that the row makes in the stage. Empty if the row only reads."""


@dataclass(frozen=True)
class Finding:
    """The result of one row."""

    part: str
    name: str
    verdict: Verdict
    found: str
    expected: str = ""


ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
"""AWS's error codes for a missing right."""
VERDICT_BY_STATE = {
    findings.State.OK: Verdict.AS_EXPECTED,
    findings.State.TO_DO: Verdict.HARMLESS,
    findings.State.FAILED: Verdict.HARMFUL,
    findings.State.SKIPPED: Verdict.NOT_TRIED,
}
"""The verdict for each state of a check of `make deploy`."""


FORM_ERRORS = (LookupError, TypeError, ValueError)
"""Errors of a row whose response lacks an expected field. The other rows still run."""


def try_row(part: str, row: Row, site: Site) -> Finding:
    """Runs a row against a stage. A missing right makes the row *not tried*."""
    verdict, text = _outcome(row, site)
    return Finding(part, row.name, verdict, text, row.expected)


def _outcome(row: Row, site: Site) -> tuple[Verdict, str]:
    try:
        return Verdict.AS_EXPECTED, row.attempt(site)
    except Harmless as harmless:
        return Verdict.HARMLESS, str(harmless)
    except NotTried as why:
        return Verdict.NOT_TRIED, str(why)
    except CheckFailed as bad:
        return Verdict.HARMFUL, str(bad)
    except ClientError as error:
        is_denied = error.response["Error"]["Code"] in ACCESS_DENIED
        return Verdict.NOT_TRIED if is_denied else Verdict.HARMFUL, str(error)
    except REQUEST_ERRORS as error:
        return Verdict.HARMFUL, f"{type(error).__name__}: {error}"
    except FORM_ERRORS as error:
        return Verdict.HARMFUL, f"an answer has not the form that this row reads: {type(error).__name__}: {error}"

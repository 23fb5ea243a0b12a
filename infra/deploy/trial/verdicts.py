"""What was tried, and how it came out: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import ClientError

from infra.deploy import findings
from infra.deploy.findings import REQUEST_ERRORS, CheckFailed
from infra.deploy.trial.site import Site


class Verdict(StrEnum):
    """How a row came out."""

    AS_EXPECTED = "as expected"
    HARMLESS = "differs, harmless"
    HARMFUL = "differs, harmful"
    NOT_TRIED = "not tried"


class Harmless(Exception):
    """It differs, and nobody is harmed; the message says how it differs, and what follows."""


class NotTried(Exception):
    """It could not be tried at this stage or at this time; the message says why."""


@dataclass(frozen=True)
class Row:
    """One thing to try. `attempt` returns what was found, or raises Bad, Harmless or NotTried."""

    name: str
    expected: str
    """A sentence: what is found if all is well."""
    attempt: Callable[[Site], str]
    changes: str = ""
    """What it changes in the stage; empty: nothing."""


@dataclass(frozen=True)
class Finding:
    """What was found of one row."""

    part: str
    name: str
    verdict: Verdict
    found: str
    expected: str = ""


ACCESS_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
"""AWS's codes for a right that the caller lacks."""
VERDICT_BY_STATE = {
    findings.State.OK: Verdict.AS_EXPECTED,
    findings.State.TO_DO: Verdict.HARMLESS,
    findings.State.FAILED: Verdict.HARMFUL,
    findings.State.SKIPPED: Verdict.NOT_TRIED,
}
"""The verdict on a check of `make deploy`."""


FORM_ERRORS = (LookupError, TypeError, ValueError)
"""What a row raises if something that it reads is missing. The other rows are tried all the same."""


def try_row(part: str, row: Row, site: Site) -> Finding:
    """Returns what was found when `row` was tried at `site`. A right that is missing makes a row *not tried*."""
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

"""Rows that run the operators' commands (`./ops`) against the stage."""

from __future__ import annotations

from typing import Any

from infra.deploy.findings import CheckFailed
from infra.deploy.trial.site import Site
from infra.deploy.trial.verdicts import Harmless, NotTried, Row


def _ops(site: Site, key: str, *command: str) -> Any:
    """Returns the value of `key` in a command's JSON output.

    Raises:
        CheckFailed: the command failed, or did not finish.
    """
    document = site.ops(["--deployed", site.name, "--json", *command])
    if failures := document.get("failures"):
        raise CheckFailed("; ".join(failures))
    if key not in document:
        raise CheckFailed(f"it did not come to its end: ./ops --deployed {site.name} {' '.join(command)}")
    return document[key]


def _canary(site: Site) -> str:
    attempts = _ops(site, "secrets", "canary")
    return f"with each of {len(attempts)}: {', '.join(sorted({str(each['verdict']) for each in attempts}))}"


def _endpoint(site: Site) -> str:
    rows = _ops(site, "verification", "webhook-endpoint", "--verify")
    unknown = [str(each["what"]) for each in rows if each["good"] is None]
    summary = f"right: {len(rows) - len(unknown)} of {len(rows)}"
    return summary + (f"; not known: {', '.join(unknown)}" if unknown else "")


def _status(site: Site) -> str:
    troubles = _ops(site, "troubles", "status")
    wrong = [f"{each['what']}: {each['is']}" for each in troubles if each["known"]]
    unknown = [f"{each['what']}: {each['is']}" for each in troubles if not each["known"]]
    if wrong:
        raise CheckFailed("; ".join(wrong))
    if unknown:
        raise Harmless(f"not known yet: {'; '.join(unknown)}")
    return "all is well: no dead letters, nothing stuck, no alarm fires"


def _unpublished(site: Site) -> str:
    if waiting := _ops(site, "waiting", "unpublished"):
        raise CheckFailed(f"{waiting} changes are unpublished: ./ops --deployed {site.name} unpublished")
    return "none"


def _budgets(site: Site) -> str:
    rows = _ops(site, "measured", "measure")
    within = [each for each in rows if each["within"]]
    missing = [str(each["what"]) for each in rows if each["budget"] is not None and each["measured"] is None]
    if not within:
        raise NotTried("nothing that has a budget was measured in the last 24 hours: use the stage, and try again")
    return f"{len(within)} within their budgets" + (f"; not measured yet: {', '.join(missing)}" if missing else "")


ROWS = (
    Row(
        "canary",
        "A signed event of our own gets in with each secret.",
        _canary,
        changes="writes one event about nobody, which expires after an hour",
    ),
    Row("webhook endpoint verified", "Stripe has one endpoint, as the code needs it, and events arrive.", _endpoint),
    Row("status", "All is well.", _status),
    Row("unpublished changes", "No change waits in the queue of unpublished changes.", _unpublished),
    Row("budgets", "Cold starts, durations and latencies are within their budgets.", _budgets),
)

"""One trial: undoes what an earlier trial left, and then runs every row, also after failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from infra.deploy import DeploymentError, checks
from infra.deploy.artifacts import Code, code_sha256
from infra.deploy.findings import CheckFailed, State, run_check
from infra.deploy.findings import Finding as CheckFinding
from infra.deploy.settings import PROD
from infra.deploy.smoke import check_after_release
from infra.deploy.trial.leftovers import function_to_rehearse, put_back
from infra.deploy.trial.rows import PARTS, REHEARSAL
from infra.deploy.trial.site import Site
from infra.deploy.trial.storage_rows import FUNCTION
from infra.deploy.trial.verdicts import VERDICT_BY_STATE, Finding, Harmless, NotTried, Row, Verdict, try_row

BEFORE, AFTER = "before a release", "after a release"


def refuse_prod(stage: str) -> None:
    """Raises DeploymentError for prod, before any request is made."""
    if stage == PROD:
        raise DeploymentError(
            f"The trial does not run on {PROD}, because it sends large posts and rolls a release back. Use dev."
        )


def require_stage(stage: str, site: Site) -> None:
    """Raises DeploymentError if the stage was never deployed, or the credentials belong to another account."""
    caller = run_check("credentials", lambda: checks.check_caller(site.settings, site.aws))
    if caller.state is State.FAILED:
        raise DeploymentError(caller.found)
    if not site.stack.exists:
        raise DeploymentError(f"{site.name} is not deployed: make deploy STAGE={stage}")


def try_all(stage: str, site: Site, agree: Callable[[str], bool]) -> Iterator[Finding]:
    """Yields the finding of each row. `agree` is called before the rehearsal, which changes the stage and undoes
    it.
    """
    yield try_row("releases", EARLIER_REHEARSAL, site)
    site.step("Running the checks of make deploy before and after a release")
    yield from _as_rows(BEFORE, checks.check_before_release(stage, site.settings, site.aws))
    yield from _smoke(site)
    for part, rows in PARTS.items():
        site.step(f"Running {part}")
        for row in rows:
            if row is REHEARSAL and not agree(f"{row.name} at {site.name}: {row.changes}. Rehearse it?"):
                yield Finding(part, row.name, Verdict.NOT_TRIED, "you declined", row.expected)
            else:
                yield try_row(part, row, site)


def _clear_earlier_rehearsal(site: Site) -> str:
    target = function_to_rehearse(site)
    if target is None:
        raise NotTried("CodeDeploy moves no alias at this stage")
    if sentences := put_back(target):
        raise Harmless(f"an interrupted run had left changes; now {'; '.join(sentences)}")
    return "nothing was left"


EARLIER_REHEARSAL = Row("earlier rehearsal", "No interrupted rehearsal has left changes.", _clear_earlier_rehearsal)


def _smoke(site: Site) -> Iterator[Finding]:
    """Yields the smoke checks. They use the code that the stack names instead of a package."""
    try:
        code = deployed_code(site)
    except (CheckFailed, ClientError) as error:
        yield Finding(AFTER, "deployed code", Verdict.HARMFUL, f"the functions' code cannot be read: {error}")
        return
    findings = check_after_release(site.stack, site.template, code, site.aws, first=False, pause=site.pause)
    yield from _as_rows(AFTER, findings)


def deployed_code(site: Site) -> Code:
    """Returns the zip of the stack's functions.

    Raises:
        CheckFailed: the functions have more than one zip.
    """
    places = {
        (each["Code"]["S3Bucket"], each["Code"]["S3Key"]) for each in site.declared_properties(FUNCTION).values()
    }
    if len(places) != 1:
        raise CheckFailed(f"they name {len(places)} zips")
    [(bucket, key)] = places
    answer = site.client("s3").get_object(Bucket=bucket, Key=key, ExpectedBucketOwner=site.settings.account)
    return Code(key, code_sha256(answer["Body"].read()))


def _as_rows(part: str, findings: list[CheckFinding]) -> Iterator[Finding]:
    return (Finding(part, each.check, VERDICT_BY_STATE[each.state], each.found) for each in findings)

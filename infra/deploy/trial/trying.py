"""One run: what an earlier one left is put back, then every row is tried, whatever the others found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from infra.deploy import DeploymentError, checks
from infra.deploy.artifacts import Code, code_sha256
from infra.deploy.findings import Bad, State, look
from infra.deploy.findings import Finding as Checked
from infra.deploy.settings import PROD
from infra.deploy.smoke import look_after
from infra.deploy.trial.leftovers import put_back, rehearsed
from infra.deploy.trial.rows import PARTS, REHEARSAL
from infra.deploy.trial.site import Site
from infra.deploy.trial.storage_rows import FUNCTION
from infra.deploy.trial.verdicts import OF_DEPLOY, Finding, Harmless, NotTried, Row, Verdict, tried

BEFORE, AFTER = "before a release", "after a release"


def refuse_prod(stage: str) -> None:
    """Raises DeploymentError for prod, before anything is read or asked."""
    if stage == PROD:
        raise DeploymentError(f"{PROD} is not tried: large posts are sent, and a release is taken back. Take dev.")


def require_stage(stage: str, site: Site) -> None:
    """Raises DeploymentError if the stage was never deployed, or the credentials are another account's."""
    caller = look("credentials", lambda: checks.caller(site.settings, site.aws))
    if caller.state is State.BAD:
        raise DeploymentError(caller.found)
    if not site.stack.exists:
        raise DeploymentError(f"{site.name} is not deployed: make deploy STAGE={stage}")


def try_all(stage: str, site: Site, agree: Callable[[str], bool]) -> Iterator[Finding]:
    """Yields what was found, row by row. `agree` is asked before a row that puts back what it changes."""
    yield tried("releases", EARLIER, site)
    site.step("Trying what make deploy looks at before and after a release")
    yield from _of_deploy(BEFORE, checks.look_before(stage, site.settings, site.aws))
    yield from _smoke(site)
    for part, rows in PARTS.items():
        site.step(f"Trying {part}")
        for row in rows:
            if row is REHEARSAL and not agree(f"{row.name} at {site.name}: {row.changes}. Rehearse it?"):
                yield Finding(part, row.name, Verdict.NOT_TRIED, "you said no", row.expected)
            else:
                yield tried(part, row, site)


def _earlier(site: Site) -> str:
    of = rehearsed(site)
    if of is None:
        raise NotTried("CodeDeploy moves no alias at this stage")
    if sentences := put_back(of):
        raise Harmless(f"a run that was stopped left something, and now {'; '.join(sentences)}")
    return "nothing was left"


EARLIER = Row("earlier rehearsal", "No rehearsal that was stopped has left anything.", _earlier)


def _smoke(site: Site) -> Iterator[Finding]:
    """Yields the smoke checks, with the code that the stack names in place of a package."""
    try:
        code = deployed_code(site)
    except (Bad, ClientError) as error:
        yield Finding(AFTER, "deployed code", Verdict.HARMFUL, f"the functions' code cannot be read: {error}")
        return
    found = look_after(site.stack, site.template, code, site.aws, first=False, pause=site.pause)
    yield from _of_deploy(AFTER, found)


def deployed_code(site: Site) -> Code:
    """Returns the zip that the stack's functions are made of.

    Raises:
        Bad: they are made of more than one.
    """
    places = {(each["Code"]["S3Bucket"], each["Code"]["S3Key"]) for each in site.declared(FUNCTION).values()}
    if len(places) != 1:
        raise Bad(f"they name {len(places)} zips")
    [(bucket, key)] = places
    answer = site.client("s3").get_object(Bucket=bucket, Key=key, ExpectedBucketOwner=site.settings.account)
    return Code(key, code_sha256(answer["Body"].read()))


def _of_deploy(part: str, found: list[Checked]) -> Iterator[Finding]:
    return (Finding(part, each.check, OF_DEPLOY[each.state], each.found) for each in found)

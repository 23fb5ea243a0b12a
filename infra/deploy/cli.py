"""The command line: `deploy`, `destroy` and `trial`."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import DeploymentError
from infra.deploy.artifacts import Package
from infra.deploy.aws import Aws
from infra.deploy.deploying import Deployment, Options
from infra.deploy.destroying import Destruction
from infra.deploy.settings import DIRECTORY, STAGES, load_settings
from infra.deploy.trial import report
from infra.deploy.trial.site import Site
from infra.deploy.trial.trying import refuse_prod, require_stage, try_all
from infra.ops.screen import Screen, telling
from infra.package import ROOT, TEMPLATE, ZIP, PackagingError
from infra.package.build import build, is_current
from infra.package.check import check

F = TypeVar("F", bound=Callable[..., Any])
EXPECTED = (DeploymentError, PackagingError, ClientError, BotoCoreError)

stage_option = click.option("--stage", required=True, type=click.Choice(STAGES))
parameters_option = click.option(
    "--parameters",
    type=click.Path(path_type=Path, file_okay=False),
    default=DIRECTORY,
    help="The directory with STAGE.toml.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_context
def cli(context: click.Context, as_json: bool) -> None:
    """Deploy a stage of POM-Stripe, or destroy one. docs/deploying.md says what a stage needs.

    The exit status is 0 when all went well, 1 when a check, the deployment or a smoke check failed, 2 for wrong
    usage.
    """
    context.obj = as_json


def _command(work: F) -> Any:
    """Gives a command its screen, and turns expected errors into a line and exit status 1."""

    @click.pass_context
    @functools.wraps(work)
    def run(context: click.Context, *args: Any, **kwargs: Any) -> None:
        with telling(Screen(context.obj)) as screen:
            try:
                work(screen, *args, **kwargs)
            except EXPECTED as error:
                screen.failure(str(error))
        if screen.failed:
            context.exit(1)

    return run


def _confirmation(yes: bool) -> Callable[[str], bool]:
    return lambda question: yes or click.confirm(question, err=True)


@cli.command()
@stage_option
@parameters_option
@click.option("--dry-run", is_flag=True, help="Check, upload and show the changes, and make none.")
@click.option("--allow-replacement", is_flag=True, help="Replace or remove tables and queues, with their contents.")
@click.option(
    "--despite-alarms",
    is_flag=True,
    help="Release although an alarm fires, to fix its cause: all at once, without rollback by alarms.",
)
@yes_option
@_command
def deploy(
    screen: Screen,
    stage: str,
    parameters: Path,
    dry_run: bool,
    allow_replacement: bool,
    despite_alarms: bool,
    yes: bool,
) -> None:
    """Check, package, upload, show the changes, make them, and check the result."""
    deployment = Deployment(stage, load_settings(stage, parameters), screen)
    options = Options(dry_run, allow_replacement, despite_alarms, _confirmation(yes))
    deployment.check(options)
    deployment.run(_current_package(stage, screen), options)


def _current_package(stage: str, screen: Screen) -> Package:
    """Returns the package of the current files, and builds it if it is missing or out of date."""
    out = ROOT / "build" / stage
    if not is_current(out, stage):
        screen.step(f"Packaging {stage}")
        build(stage, out)
    package = Package(json.loads((out / TEMPLATE).read_text()), out / ZIP)
    screen.step("Checking the package")
    check(package.template, package.archive)
    return package


@cli.command()
@stage_option
@parameters_option
@click.option("--with-data", is_flag=True, help="Delete the tables too; asks for the stage's name.")
@click.option("--with-logs", is_flag=True, help="Delete the log groups too, with all lines in them.")
@yes_option
@_command
def destroy(screen: Screen, stage: str, parameters: Path, with_data: bool, with_logs: bool, yes: bool) -> None:
    """Delete a development stage. Its tables stay, unless --with-data, and its log groups, unless --with-logs."""
    destruction = Destruction(stage, load_settings(stage, parameters), screen)
    destruction.check()
    tables = destruction.tables()
    if (
        with_data
        and click.prompt(f"To delete {len(tables)} tables for good, type the stage's name", err=True) != stage
    ):
        raise DeploymentError("The name is wrong. Nothing was deleted.")
    if not _confirmation(yes)(f"Destroy {stage}?"):
        raise DeploymentError("You declined. Nothing was deleted.")
    destruction.run(tables, with_data=with_data, with_logs=with_logs)


@cli.command()
@stage_option
@parameters_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only show the rows and what they change, without any request to AWS.",
)
@click.option("--no-rehearsal", is_flag=True, help="Skip the rehearsal of a rollback, which takes minutes.")
@yes_option
@_command
def trial(screen: Screen, stage: str, parameters: Path, dry_run: bool, no_rehearsal: bool, yes: bool) -> None:
    """Check what only a deployed stage can show: one table, and build/sandbox-aws.json. Not for prod.

    The rows read. Some rows change something; they say so, and undo the change. POM_TOKEN may hold an access token of
    POM for the stage.
    """
    refuse_prod(stage)
    if dry_run:
        report.show_plan(screen)
        return
    settings = load_settings(stage, parameters)
    site = Site(settings, Aws(settings.region), screen.step, token=os.environ.get("POM_TOKEN", ""))
    require_stage(stage, site)
    confirm: Callable[[str], bool] = (lambda question: False) if no_rehearsal else _confirmation(yes)
    report.show(screen, site.name, list(try_all(stage, site, confirm)), ROOT / "build" / "sandbox-aws.json")

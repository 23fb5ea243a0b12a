"""The parts that all commands share: the choice of the stage, JSON or tables, and the exit status."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from pynamodb.exceptions import PynamoDBException

from chalicelib.config import ConfigurationError
from chalicelib.domain.errors import DeploymentFault, IntegrationError
from infra.ops.screen import Screen, telling
from infra.ops.stage import NoStage, Stage, environment_of

F = TypeVar("F", bound=Callable[..., Any])

EXPECTED = (
    IntegrationError,
    ConfigurationError,
    DeploymentFault,
    NoStage,
    ClientError,
    BotoCoreError,
    PynamoDBException,
)

dry_run = click.option("--dry-run", is_flag=True, help="Only show what the command would do.")
all_organizations = click.option("--all", "all_organizations", is_flag=True, help="All connected organizations.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--stack", type=click.Path(path_type=Path), help="The file of a local stack [.local/stack.json].")
@click.option("--deployed", metavar="NAME", help="A deployed CloudFormation stack, with AWS's usual credentials.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
@click.pass_context
def cli(context: click.Context, stack: Path | None, deployed: str | None, as_json: bool) -> None:
    """Operate a stage of POM-Stripe.

    Without --stack and --deployed, the command uses the stage that the environment variables of the functions name.
    If there are none, it uses the local stack on this computer. The exit status is 0 on success, 1 if something
    failed or differs, and 2 for wrong usage.
    """
    context.obj = {"where": (stack, deployed), "as_json": as_json}


def exit_status(group: click.Command, name: str, arguments: list[str] | None) -> int:
    """Runs one command of a group and returns its exit status. `name` is the program's name in usage messages."""
    try:
        answer = group.main(arguments, prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        print("Aborted.", file=sys.stderr)
        return 130
    return answer if isinstance(answer, int) else 0


def command(work: F) -> Any:
    """Gives a command its stage and its screen. An expected error becomes one line on the screen and exit status
    1.
    """

    @click.pass_context
    @functools.wraps(work)
    def run(context: click.Context, *args: Any, **kwargs: Any) -> None:
        stack, deployed = context.obj["where"]
        with telling(Screen(context.obj["as_json"], _program_words(stack, deployed))) as screen:
            if kwargs.get("dry_run"):
                screen.document["dryRun"] = True
            try:
                stage = Stage(environment_of(stack, deployed))
                work(stage, screen, *args, **kwargs)
            except EXPECTED as error:
                screen.failure(_unreachable_address(error) or _in_words(error))
        if screen.failed:
            context.exit(1)

    return run


def _program_words(stack: Path | None, deployed: str | None) -> tuple[str, ...]:
    """Returns the words that start this program for the same stage."""
    if deployed is not None:
        return ("./ops", "--deployed", deployed)
    return ("./ops", "--stack", str(stack)) if stack is not None else ("./ops",)


def _in_words(error: Exception) -> str:
    """Returns what went wrong, and the next step if the error has one."""
    text = str(error) if isinstance(error, NoStage) else f"{type(error).__name__}: {error}"
    next_step = error.next_step if isinstance(error, IntegrationError) else None
    return f"{text} {next_step}" if next_step else text


def _unreachable_address(error: BaseException) -> str | None:
    """Returns a message if an address of AWS or of the local stack does not respond, or None for any other error."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, EndpointConnectionError | ConnectTimeoutError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return None
    address = cause.kwargs["endpoint_url"].rstrip("/")
    if "AWS_ENDPOINT_URL" in os.environ:
        todo = "The local stack does not run: start it with `make run`, or name another with --stack or --deployed."
    else:
        todo = "Check the network, the credentials and the region (AWS_REGION), then try again."
    return f"No response from {address}. {todo}"

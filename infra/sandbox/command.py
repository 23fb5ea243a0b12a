"""The command line of `make sandbox`."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from infra.ops.screen import Screen, telling
from infra.package import ROOT
from infra.sandbox import report
from infra.sandbox.client import MAX_REQUESTS
from infra.sandbox.connecting import NoAccount
from infra.sandbox.keys import Keys, WrongKeys, keys_of_environment, keys_of_file
from infra.sandbox.product import check
from infra.sandbox.promises.registry import PROMISES
from infra.sandbox.running import MIN_RUN_SECONDS, PRODUCT, CannotBegin, Plan, Run, clean_only, run
from infra.sandbox.saving import save, write_recording
from infra.sandbox.starting import Sandbox, on_double, on_stripe
from infra.sandbox.stories.registry import STORIES

BUILD = ROOT / "build"
RECORDED = ROOT / "tests" / "stripe_double" / "recorded"
EVERYTHING = Plan(STORIES, PROMISES, check)
PAYOUT_SECONDS = 4 * 86_400.0
"""Seconds after which a double has paid out the stories' payments."""
EXPECTED = (WrongKeys, NoAccount, CannotBegin)


def plan_of(only: Iterable[str], later: bool, double: bool) -> Plan:
    """Returns the plan of the options. Raises click.BadParameter for an unknown name.

    On an account, `later` reads what a run of the day before has left. On a new double, the same run creates it
    first.
    """
    names = set(only)
    stories = [each for each in STORIES if each.later is later]
    if unknown := names - {each.name for each in (*STORIES, *PROMISES)} - {PRODUCT}:
        raise click.BadParameter(f"no story and no promise is named {', '.join(sorted(unknown))}; --list shows all")
    if names:
        stories = [each for each in STORIES if each.name in names]
        return Plan(stories, [each for each in PROMISES if each.name in names], check if PRODUCT in names else None)
    if later:
        return Plan(sorted(STORIES, key=lambda story: story.later), wait=PAYOUT_SECONDS) if double else Plan(stories)
    return Plan(stories, PROMISES, check)


def _name(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    if name is not None and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", name):
        raise click.BadParameter("a name has small letters, digits and dashes, such as us-2026-11")
    return name


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--double", is_flag=True, help="Run against the Stripe double, without any key.")
@click.option("--seed", type=int, default=0, help="With --double: the seed of the double's random choices.")
@click.option("--keys", type=click.Path(path_type=Path), help="A TOML file with the keys, outside the repository.")
@click.option("--only", metavar="NAME", multiple=True, help="Only this story or promise, or `product`; repeatable.")
@click.option("--later", is_flag=True, help="A day after a run: check the payouts that have arrived since.")
@click.option("--clean", is_flag=True, help="Only end the objects of earlier runs, however old.")
@click.option(
    "--save",
    "save_as",
    metavar="[NAME]",
    is_flag=False,
    flag_value="account",
    callback=_name,
    help="Save the stories' recording under tests/stripe_double/recorded/NAME.",
)
@click.option(
    "--prove", is_flag=True, help="Run against doubles that were changed on purpose; each change must be reported."
)
@click.option("--dry-run", is_flag=True, help="Only show what would run, and on which account.")
@click.option("--list", "listed", is_flag=True, help="Show all stories and promises.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_context
def cli(context: click.Context, /, as_json: bool, **options: Any) -> None:
    """Check the project's assumptions about Stripe against a test account. docs/sandbox.md lists what it needs.

    The exit status is 0 if nothing differs in what the product relies on, 1 if something does, 2 for wrong usage.
    """
    with telling(Screen(as_json, ("make sandbox",))) as screen:
        context.exit(_exit_status(screen, **options))


def _exit_status(screen: Screen, *, listed: bool, prove: bool, **options: Any) -> int:
    if listed:
        _list(screen, "Stories, promises and the product; --only takes the name before the colon", EVERYTHING)
        return 0
    if prove:
        from infra.sandbox.proving import prove as prove_it  # it needs more time to import than a run

        return 0 if prove_it(screen) else 1
    try:
        return _run(screen, **options)
    except EXPECTED as error:
        screen.failure(str(error))
        return 2


def _run(
    screen: Screen, *, double: bool, seed: int, keys: Path | None, only: tuple[str, ...], later: bool, clean: bool,
    save_as: str | None, dry_run: bool,
) -> int:  # fmt: skip
    plan = plan_of(only, later, double)
    sandbox = on_double(seed, pays_out=later) if double else on_stripe(_keys(keys), screen.step)
    redact = sandbox.redaction.text
    try:
        session = sandbox.open_session(_choice)
        screen.step(f"Account {session.account}")
        if dry_run:
            _list(screen, f"Would run on {session.account}, with at most {MAX_REQUESTS} requests", plan)
            minutes = round(MIN_RUN_SECONDS / 60)
            screen.fact("minutes", minutes, f"\nA whole run on Stripe takes at least about {minutes} minutes.")
            return 0
        run_result = clean_only(session) if clean else run(session, plan, screen.step)
        return _report(screen, run_result, sandbox, save_as)
    except EXPECTED as error:
        raise type(error)(redact(str(error))) from None
    except Exception:  # noqa: BLE001  The traceback may contain secrets.
        screen.failure(redact(traceback.format_exc()))
        return 1


def _report(screen: Screen, run_result: Run, sandbox: Sandbox, save_as: str | None) -> int:
    secrets = sandbox.keys.secrets
    document = report.document(
        run_result.findings,
        sandbox.redaction.text,
        source=sandbox.target.name,
        account=sandbox.redaction.name(sandbox.account),
        requests=run_result.requests,
        by_part=run_result.by_part,
        seconds=run_result.seconds,
    )
    report.write_document(document, BUILD / "sandbox.json", secrets)
    write_recording(run_result.full_recording, BUILD / "sandbox-recording.jsonl", secrets)
    screen.step(f"Written: {BUILD / 'sandbox.json'} and {BUILD / 'sandbox-recording.jsonl'}")
    if save_as:
        accepted_file = save(run_result.story_recording, RECORDED / f"{save_as}.jsonl", secrets)
        screen.step(f"Saved: {RECORDED / save_as}.jsonl. Give each difference in {accepted_file.name} a reason; then")
        screen.step("    make test ARGS=tests/stripe_double/test_recorded.py")
    if screen.as_json:
        screen.document = document
    else:
        report.show(screen, document)
    return 1 if run_result.harmful else 0


def _list(screen: Screen, title: str, plan: Plan) -> None:
    rows = [{"part": part, "name": name, "sentence": sentence} for part, name, sentence in plan.names()]
    lines = [[f"{row['part']}, {row['name']}: {row['sentence']}"] for row in rows]
    screen.lines("plan", title, rows, lines)


def _keys(path: Path | None) -> Keys:
    return keys_of_file(path, ROOT) if path else keys_of_environment(os.environ)


def _choice(ids: list[str]) -> str:
    """Asks a person to choose an account, and returns its id."""
    for number, each in enumerate(ids, 1):
        click.echo(f"{number}  {each}", err=True)
    number = click.prompt("Which of these connected test accounts?", type=click.IntRange(1, len(ids)), err=True)
    return ids[number - 1]

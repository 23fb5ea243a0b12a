"""Commands that change how a stage behaves: `freeze`, `unfreeze`, `rotate-secret`."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from typing import Any

import click

from chalicelib.domain.canary import fingerprint
from chalicelib.domain.connection import Freeze
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.usecases.connecting.freeze import freeze as frozen
from chalicelib.usecases.connecting.freeze import freeze_new_connections, unfreeze_new_connections
from chalicelib.usecases.connecting.freeze import unfreeze as unfrozen
from infra.ops import books
from infra.ops.cli import command, dry_run, everybody
from infra.ops.screen import Screen, moment
from infra.ops.stage import Stage


def some_or_all(organizations: Sequence[str], everybody: bool) -> None:
    """Raises click.UsageError: none are named, or some and all."""
    if bool(organizations) == everybody:
        raise click.UsageError("Name organizations, or say --all.")


def chosen(
    stage: Stage, organizations: Sequence[str], everybody: bool, *, frozen_too: bool = False
) -> list[OrganizationId]:
    """Those that are meant; `frozen_too` counts those among all that were frozen and then disconnected.

    Raises:
        click.UsageError: none, or some and all.
    """
    some_or_all(organizations, everybody)
    if not everybody:
        return [books.connected(stage, each)[0].organization_id for each in organizations]
    known = books.organizations(stage)
    return [each.organization_id for each in known if each.active or (frozen_too and each.frozen is not None)]


def in_words(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Returns the text without blanks around it.

    Raises:
        click.BadParameter: it has neither a letter nor a digit, so that it tells nobody anything.
    """
    if not any(each.isalnum() for each in value):
        raise click.BadParameter("Say it in words.", context, parameter)
    return value.strip()


answered_for = click.option(
    "--by", default=getpass.getuser, show_default="who runs this", callback=in_words, help="Who answers for it."
)


@click.command()
@click.argument("organizations", nargs=-1)
@everybody
@click.option("--reason", required=True, callback=in_words, help="Shown to the organization, word for word.")
@answered_for
@dry_run
@command
def freeze(
    stage: Stage,
    screen: Screen,
    organizations: tuple[str, ...],
    everybody: bool,
    reason: str,
    by: str,
    dry_run: bool,
) -> None:
    """Let nobody make, send or remind of invoices for the moment. Payments and reconciliation go on.

    The organization is shown the reason and since when, so write it for its people. It is not shown who did it.
    An organization that is frozen already is shown the new reason, with the time since when it has been frozen.
    After --all whoever connects is frozen too, until `unfreeze --all`.
    """
    some_or_all(organizations, everybody)
    if everybody and not dry_run:
        freeze_new_connections(by, reason, stage.ports)  # first: whoever connects from here on is not on the list
    rows = []
    for each in screen.each(chosen(stage, organizations, everybody), "Freezing"):
        was = stage.ports.connections.get(each).frozen
        if not dry_run:
            frozen(each, by, reason, stage.ports)
        rows.append({**_frozen_before(each, was), "reason_before": was.reason if was else None, "reason": reason})
    screen.table("frozen", "Would be frozen" if dry_run else "Frozen", rows)
    if everybody:
        said = "would be frozen too" if dry_run else "is frozen too"
        screen.fact("newcomers", reason, f"Whoever connects from now on {said}: {reason}")
    shown = "would be shown" if dry_run else "is shown"
    screen.fact("shown", reason, f"This reason {shown} to each organization: {reason}")


@click.command()
@click.argument("organizations", nargs=-1)
@everybody
@click.option("--but-newcomers", is_flag=True, help="With --all: whoever connects from now on stays frozen.")
@answered_for
@dry_run
@command
def unfreeze(
    stage: Stage,
    screen: Screen,
    organizations: tuple[str, ...],
    everybody: bool,
    but_newcomers: bool,
    by: str,
    dry_run: bool,
) -> None:
    """Let organizations make and send invoices again; with --all also those that connect from now on.

    With --all only organizations that are frozen are listed.
    """
    some_or_all(organizations, everybody)
    if but_newcomers and not everybody:
        raise click.UsageError("--but-newcomers goes with --all.")
    newcomers = stage.ports.connections.platform_freeze() if everybody else None
    if everybody and not but_newcomers and not dry_run:
        unfreeze_new_connections(stage.ports)
    rows = []
    for each in screen.each(chosen(stage, organizations, everybody, frozen_too=True), "Unfreezing"):
        was = stage.ports.connections.get(each).frozen
        if not dry_run:
            unfrozen(each, by, stage.ports)
        if was is not None or not everybody:
            rows.append({**_frozen_before(each, was), "reason": was.reason if was else None})
    screen.table("unfrozen", "Would be unfrozen" if dry_run else "Unfrozen", rows)
    if everybody:
        whoever = "Organizations that connect from now on"
        if newcomers is not None and but_newcomers:
            said = f"{whoever} stay frozen: {newcomers.reason}"
        elif newcomers is None:
            said = f"{whoever} are not frozen, and were not to be."
        else:
            said = (
                f"{whoever} {'would not be' if dry_run else 'are not'} frozen any more. Until now: {newcomers.reason}"
            )
        screen.fact("newcomers", newcomers.reason if newcomers else None, said)


def _frozen_before(organization_id: OrganizationId, was: Freeze | None) -> dict[str, Any]:
    """Returns how an organization stood before the command: whether it was frozen, and since when."""
    return {
        "organization": organization_id,
        "was_frozen": was is not None,
        "frozen_since": moment(was.at) if was else None,
    }


@click.group("rotate-secret")
def rotate_secret() -> None:
    """Webhook signing secrets: several are valid at once, so that they can be changed in peace."""


@rotate_secret.command("show")
@command
def show_secrets(stage: Stage, screen: Screen) -> None:
    """Fingerprints of the webhook secrets in use, the newest first."""
    _tell(screen, stage.ports.webhook_secrets.latest().webhook_secrets, "In use")


@rotate_secret.command("add")
@dry_run
@command
def add_secret(stage: Stage, screen: Screen, dry_run: bool) -> None:
    """Add a secret, read from standard input, beside those in use."""
    said = click.prompt("The new secret", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    new = str(said).strip()
    if not new.startswith("whsec_"):
        screen.failure("A webhook secret begins with whsec_.")
        return
    store = stage.ports.webhook_secrets
    kept = [new, *(each for each in store.latest().webhook_secrets if each != new)]
    if not dry_run:
        store.replace(kept)
    screen.fact("added", fingerprint(new), f"{'Would add' if dry_run else 'Added'} {fingerprint(new)}.")
    _tell(screen, kept, "Would be in use" if dry_run else "In use within five minutes")


@rotate_secret.command("drop")
@click.option("--newest", "which", flag_value="newest", help="Take away the newest, not the oldest.")
@click.option("--oldest", "which", flag_value="oldest", default=True, help="Take away the oldest (the default).")
@dry_run
@command
def drop_secret(stage: Stage, screen: Screen, which: str, dry_run: bool) -> None:
    """Take away one secret; never the last."""
    store = stage.ports.webhook_secrets
    known = store.latest().webhook_secrets
    if len(known) < 2:
        screen.failure("There is only one secret: without it no webhook would be taken.")
        return
    kept = known[1:] if which == "newest" else known[:-1]
    dropped = fingerprint(known[0] if which == "newest" else known[-1])
    if not dry_run:
        store.replace(kept)
    screen.fact("dropped", dropped, f"{'Would drop' if dry_run else 'Dropped'} {dropped}, the {which}.")
    _tell(screen, kept, "Would be in use" if dry_run else "In use within five minutes")


def _tell(screen: Screen, secrets: Sequence[str], title: str) -> None:
    screen.table("secrets", title, [{"fingerprint": fingerprint(each)} for each in secrets])

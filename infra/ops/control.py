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
from infra.ops import lookups
from infra.ops.cli import all_organizations, command, dry_run
from infra.ops.screen import Screen, timestamp
from infra.ops.stage import Stage


def require_some_or_all(organizations: Sequence[str], all_organizations: bool) -> None:
    """Raises click.UsageError if no organization is named and --all is missing, or if both are given."""
    if bool(organizations) == all_organizations:
        raise click.UsageError("Name organizations, or use --all.")


def chosen_organizations(
    stage: Stage, organizations: Sequence[str], all_organizations: bool, *, frozen_too: bool = False
) -> list[OrganizationId]:
    """Returns the ids of the named organizations, or of all connected ones.

    With `frozen_too`, all includes organizations that were frozen and then disconnected.

    Raises:
        click.UsageError: no organization is named and --all is missing, or both are given.
    """
    require_some_or_all(organizations, all_organizations)
    if not all_organizations:
        return [lookups.connection_and_account(stage, each)[0].organization_id for each in organizations]
    connections = lookups.organizations(stage)
    return [each.organization_id for each in connections if each.active or (frozen_too and each.frozen is not None)]


def in_words(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Returns the text without surrounding blanks.

    Raises:
        click.BadParameter: the text has neither a letter nor a digit, so it says nothing.
    """
    if not any(each.isalnum() for each in value):
        raise click.BadParameter("Enter words.", context, parameter)
    return value.strip()


responsible_operator = click.option(
    "--by", default=getpass.getuser, show_default="who runs this", callback=in_words, help="Who is responsible."
)


@click.command()
@click.argument("organizations", nargs=-1)
@all_organizations
@click.option(
    "--reason", required=True, callback=in_words, help="The reason, which the organization sees word for word."
)
@responsible_operator
@dry_run
@command
def freeze(
    stage: Stage,
    screen: Screen,
    organizations: tuple[str, ...],
    all_organizations: bool,
    reason: str,
    by: str,
    dry_run: bool,
) -> None:
    """Stop invoices and reminders for some or all organizations. Payments and reconciliation continue.

    No user of these organizations can create or send invoices until `unfreeze`. Each organization sees the reason and
    the time of the freeze, so write the reason for its users. It does not see the operator's name. An organization
    that is already frozen gets the new reason, and keeps the time of its freeze. With --all, an organization that
    connects later is frozen too, until `unfreeze --all`.
    """
    require_some_or_all(organizations, all_organizations)
    if all_organizations and not dry_run:
        freeze_new_connections(by, reason, stage.ports)  # first, so that the list below misses no organization
    rows = []
    for each in screen.each(chosen_organizations(stage, organizations, all_organizations), "Freezing"):
        freeze_before = stage.ports.connections.get(each).frozen
        if not dry_run:
            frozen(each, by, reason, stage.ports)
        rows.append(
            {
                **_freeze_before(each, freeze_before),
                "reason_before": freeze_before.reason if freeze_before else None,
                "reason": reason,
            }
        )
    screen.table("frozen", "Would be frozen" if dry_run else "Frozen", rows)
    if all_organizations:
        frozen_words = "would be frozen too" if dry_run else "is frozen too"
        screen.fact("newcomers", reason, f"An organization that connects later {frozen_words}: {reason}")
    shown_words = "would be shown" if dry_run else "is shown"
    screen.fact("shown", reason, f"The reason {shown_words} to each organization: {reason}")


@click.command()
@click.argument("organizations", nargs=-1)
@all_organizations
@click.option("--but-newcomers", is_flag=True, help="With --all: organizations that connect later stay frozen.")
@responsible_operator
@dry_run
@command
def unfreeze(
    stage: Stage,
    screen: Screen,
    organizations: tuple[str, ...],
    all_organizations: bool,
    but_newcomers: bool,
    by: str,
    dry_run: bool,
) -> None:
    """Allow organizations to create and send invoices again. With --all, organizations that connect later are
    included.

    With --all, the result lists only organizations that were frozen.
    """
    require_some_or_all(organizations, all_organizations)
    if but_newcomers and not all_organizations:
        raise click.UsageError("Use --but-newcomers with --all.")
    newcomers = stage.ports.connections.platform_freeze() if all_organizations else None
    if all_organizations and not but_newcomers and not dry_run:
        unfreeze_new_connections(stage.ports)
    rows = []
    for each in screen.each(
        chosen_organizations(stage, organizations, all_organizations, frozen_too=True), "Unfreezing"
    ):
        freeze_before = stage.ports.connections.get(each).frozen
        if not dry_run:
            unfrozen(each, by, stage.ports)
        if freeze_before is not None or not all_organizations:
            rows.append(
                {**_freeze_before(each, freeze_before), "reason": freeze_before.reason if freeze_before else None}
            )
    screen.table("unfrozen", "Would be unfrozen" if dry_run else "Unfrozen", rows)
    if all_organizations:
        later_organizations = "Organizations that connect from now on"
        if newcomers is not None and but_newcomers:
            newcomers_sentence = f"{later_organizations} stay frozen: {newcomers.reason}"
        elif newcomers is None:
            newcomers_sentence = f"{later_organizations} were not to be frozen, so nothing changes for them."
        else:
            no_longer = "would no longer be" if dry_run else "are no longer"
            newcomers_sentence = f"{later_organizations} {no_longer} frozen. The reason was: {newcomers.reason}"
        screen.fact("newcomers", newcomers.reason if newcomers else None, newcomers_sentence)


def _freeze_before(organization_id: OrganizationId, was: Freeze | None) -> dict[str, Any]:
    """Returns the state before the command: whether the organization was frozen, and since when."""
    return {
        "organization": organization_id,
        "was_frozen": was is not None,
        "frozen_since": timestamp(was.at) if was else None,
    }


@click.group("rotate-secret")
def rotate_secret() -> None:
    """Show, add or remove webhook signing secrets.

    Several secrets are valid at the same time, so that a rotation loses no event.
    """


@rotate_secret.command("show")
@command
def show_secrets(stage: Stage, screen: Screen) -> None:
    """Show the fingerprints of the webhook secrets in use, the newest first."""
    _show_secrets(screen, stage.ports.webhook_secrets.latest().webhook_secrets, "In use")


@rotate_secret.command("add")
@dry_run
@command
def add_secret(stage: Stage, screen: Screen, dry_run: bool) -> None:
    """Add a secret, read from standard input, to those in use."""
    text = click.prompt("The new secret", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.read()
    new = str(text).strip()
    if not new.startswith("whsec_"):
        screen.failure("A webhook secret begins with whsec_.")
        return
    store = stage.ports.webhook_secrets
    secrets = [new, *(each for each in store.latest().webhook_secrets if each != new)]
    if not dry_run:
        store.replace(secrets)
    screen.fact("added", fingerprint(new), f"{'Would add' if dry_run else 'Added'} {fingerprint(new)}.")
    _show_secrets(screen, secrets, "Would be in use" if dry_run else "In use within five minutes")


@rotate_secret.command("drop")
@click.option("--newest", "which", flag_value="newest", help="Remove the newest secret instead of the oldest.")
@click.option("--oldest", "which", flag_value="oldest", default=True, help="Remove the oldest secret (the default).")
@dry_run
@command
def drop_secret(stage: Stage, screen: Screen, which: str, dry_run: bool) -> None:
    """Remove one secret. The last secret cannot be removed."""
    store = stage.ports.webhook_secrets
    secrets = store.latest().webhook_secrets
    if len(secrets) < 2:
        screen.failure("There is only one secret: without it POM would refuse every webhook.")
        return
    remaining = secrets[1:] if which == "newest" else secrets[:-1]
    dropped_fingerprint = fingerprint(secrets[0] if which == "newest" else secrets[-1])
    if not dry_run:
        store.replace(remaining)
    screen.fact(
        "dropped",
        dropped_fingerprint,
        f"{'Would drop' if dry_run else 'Dropped'} {dropped_fingerprint}, the {which}.",
    )
    _show_secrets(screen, remaining, "Would be in use" if dry_run else "In use within five minutes")


def _show_secrets(screen: Screen, secrets: Sequence[str], title: str) -> None:
    screen.table("secrets", title, [{"fingerprint": fingerprint(each)} for each in secrets])

"""`./ops`, or `python -m infra.ops`."""

from __future__ import annotations

import logging
import sys

from infra.ops.backfill import backfill
from infra.ops.canary import canary
from infra.ops.cli import cli, exit_status
from infra.ops.control import freeze, rotate_secret, unfreeze
from infra.ops.dead_letters import discard, redrive
from infra.ops.endpoint import webhook_endpoint
from infra.ops.erase import erase
from infra.ops.explain import explain
from infra.ops.export import export
from infra.ops.measure import measure
from infra.ops.payouts import payouts
from infra.ops.repair import reconcile, replay, tie_out
from infra.ops.restoring import restore_items
from infra.ops.status import status
from infra.ops.unpublished import republish, unpublished
from infra.ops.user_in_logs import tell_user

COMMANDS = (
    status, explain, replay, redrive, discard, reconcile, tie_out, freeze, unfreeze, rotate_secret,
    webhook_endpoint, canary, backfill, payouts, measure, unpublished, republish, restore_items,
    tell_user, export, erase,
)  # fmt: skip
for command in COMMANDS:
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; answers the exit status."""
    logging.getLogger("pom-stripe").setLevel(logging.ERROR)
    return exit_status(cli, "./ops", arguments)


if __name__ == "__main__":
    sys.exit(main())

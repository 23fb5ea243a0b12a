"""What happens around the snapshot that SnapStart takes of a function; without SnapStart, nothing of it runs.

Lambda initializes a published version once, and copies that state into every new execution environment, hours later
and on other machines (https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html). The copies must not share random
numbers, connections, secrets or caches. Each handler's module imports this one, because Lambda runs only the hooks of
what is imported (https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html).
"""

from __future__ import annotations

import random

from snapshot_restore_py import register_after_restore, register_before_snapshot

from chalicelib import bootstrap, observability


def prepare_snapshot() -> None:
    """What the first work would load is loaded once, for the snapshot, and not by each restored environment."""
    bootstrap.prime()


def renew() -> None:
    """Ends what the copies have in common.

    The module `random` is the one source of chance that lives in memory: retries of botocore and of Stripe's SDK, and
    our own pauses, draw from it. `secrets` and `uuid` ask the operating system.
    """
    random.seed()
    bootstrap.forget()
    observability.restored()


register_before_snapshot(prepare_snapshot)
register_after_restore(renew)

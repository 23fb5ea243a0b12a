"""Runs around the snapshot that SnapStart takes of a function. Without SnapStart, nothing here runs.

Lambda initializes a published version once, and copies that state into every new execution environment, hours later
and on other machines (https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html). The copies must not share random
numbers, connections, secrets or caches. Each handler's module imports this one, because Lambda runs only the hooks of
imported modules (https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html).
"""

from __future__ import annotations

import random

from snapshot_restore_py import register_after_restore, register_before_snapshot

from chalicelib import bootstrap, observability


def prepare_snapshot() -> None:
    """Loads the modules that the first work needs before the snapshot, so that restored environments need not load
    them.
    """
    bootstrap.prime()


def renew() -> None:
    """Renews the state that copies of a snapshot must not share.

    Only the module `random` keeps its random state in memory: retries of botocore, of Stripe's SDK and of POM use it.
    `secrets` and `uuid` read random numbers from the operating system.
    """
    random.seed()
    bootstrap.forget()
    observability.restored()


register_before_snapshot(prepare_snapshot)
register_after_restore(renew)

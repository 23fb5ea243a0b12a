"""An organization that was quiet begins something: its account is to be looked at more often again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from chalicelib.domain.connection import Connection
from chalicelib.domain.errors import StaleWrite
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.change_connection import change_connection


def wake(connection: Connection, ports: Ports) -> None:
    """Have its account swept within ten minutes, and as often from then on; mostly it is so already.

    Raises:
        Retryable: the database does not answer.
    """
    now = ports.clock.now()
    if connection.sweep.awake(now):
        return
    # Where others keep being faster, they are at work on it: a run will see what has begun.
    with suppress(StaleWrite):
        change_connection(
            connection.organization_id, lambda current: replace(current, sweep=current.sweep.woken(now)), ports
        )

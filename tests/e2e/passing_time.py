"""Moves a stored time into the past, as if time had passed, because nothing in the running stack can be hurried.

The write goes through the stores themselves, under their version conditions, in its own process.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace

from chalicelib.domain.summary import invoice_write
from infra.local.stack import ROOT, LocalStack


def expire_state(stack: LocalStack, state: str) -> None:
    """Ends the ten minutes in which a connection can be completed."""
    _in_its_own_process(stack, "state", state)


def abandon(stack: LocalStack, state: str) -> None:
    """Ends those ten minutes so long ago that no user can still be completing the connection."""
    _in_its_own_process(stack, "abandoned", state)


def end_pause(stack: LocalStack, organization_id: str, invoice_id: str) -> None:
    """Ends the time for which a postponed invoice waits."""
    _in_its_own_process(stack, "invoice", organization_id, invoice_id)


def was_sent_yesterday(stack: LocalStack, organization_id: str, invoice_id: str) -> None:
    """Moves the time at which an invoice was sent back by a day."""
    _in_its_own_process(stack, "sent", organization_id, invoice_id)


def sweeps_fall_due(stack: LocalStack) -> None:
    """Makes the comparison of each account due, so that the next plan includes it."""
    _in_its_own_process(stack, "sweeps")


def _in_its_own_process(stack: LocalStack, *words: str) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "tests.e2e.passing_time", *words]
    process = subprocess.run(
        command, env={**own, **stack.environment}, cwd=ROOT, check=False, timeout=30, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr


def main(kind: str, *ids: str) -> None:
    from chalicelib import bootstrap
    from chalicelib.domain.identifiers import InvoiceId, OrganizationId

    ports, passed = bootstrap.ports(), int(time.time()) - 1
    if kind in {"state", "abandoned"}:
        passed -= 0 if kind == "state" else 3600
        authorization = ports.connections.authorization(hashlib.sha256(ids[0].encode()).hexdigest())
        assert authorization is not None
        ports.connections.save_authorization(replace(authorization, expires_at=passed))
    elif kind == "sweeps":
        for organization_id in ports.connections.all_active():
            connection = ports.connections.get(organization_id)
            ports.connections.save(replace(connection, sweep=replace(connection.sweep, due_at=passed)))
    else:
        invoice = ports.invoices.get(OrganizationId(ids[0]), InvoiceId(ids[1]))
        assert invoice is not None
        if kind == "sent":
            assert invoice.sent_at is not None
            ports.invoices.save(invoice_write(replace(invoice, sent_at=invoice.sent_at - 86_400)))
        else:
            ports.invoices.save(invoice_write(replace(invoice, saga=replace(invoice.saga, resume_at=passed))))


if __name__ == "__main__":
    main(*sys.argv[1:])

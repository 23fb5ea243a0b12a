"""Applies events about payouts: a worker reads the payout from Stripe.

An event does not contain the bank's last four digits or the payout's lines. So the payout is read from Stripe in its
present state, and the order of events does not matter.
"""

from __future__ import annotations

from chalicelib.domain.events import StripeEvent
from chalicelib.domain.history import Source
from chalicelib.domain.identifiers import StripeAccountId
from chalicelib.ports import Ports
from chalicelib.ports.messages import BalanceJob, BalanceTask
from chalicelib.usecases.events.apply_account_event import connection_of
from chalicelib.usecases.events.event_outcome import EventOutcome, marker_of, outcome_of


def apply_to_payout(event: StripeEvent, account_id: StripeAccountId, source: Source, ports: Ports) -> EventOutcome:
    """Queues the reading of the payout, and returns the outcome. If POM fails in between, the event is applied
    again.
    """
    connection = connection_of(account_id, ports)
    if connection is None or not connection.active:
        return EventOutcome.FOREIGN
    if connection.livemode != event.livemode:
        return EventOutcome.WRONG_MODE
    ports.queues.send(BalanceJob(connection.organization_id, BalanceTask.PAYOUT, event.object_id))
    outcome = outcome_of(source, changed=True)
    ports.events.mark(marker_of(event, account_id, outcome, source, ports))
    return outcome

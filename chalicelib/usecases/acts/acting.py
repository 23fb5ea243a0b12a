"""Creates acts: records of who did what, dated now."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.acts import Act, ConnectionAct, CustomerAct, Subject
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.ports import Ports


def act_now(subject: Subject, kind: str, ports: Ports, **facts: Any) -> Act:
    """Returns an act that is dated now. `facts` are its further fields."""
    milliseconds = ports.clock.milliseconds()
    return Act(subject, f"{milliseconds:013d}-{ports.clock.nonce()}", milliseconds // 1000, kind, **facts)


def connection_act(organization_id: OrganizationId, kind: ConnectionAct, ports: Ports, **facts: Any) -> Act:
    """Returns an act on the connection of an organization."""
    return act_now(Subject.connection_of(organization_id), kind, ports, **facts)


def customer_act(
    organization_id: OrganizationId, customer_id: CustomerId, kind: CustomerAct, ports: Ports, **facts: Any
) -> Act:
    """Returns an act on a customer."""
    return act_now(Subject.customer_of(organization_id, customer_id), kind, ports, **facts)

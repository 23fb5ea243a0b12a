"""What is left to do before going live, gathered in a few reads."""

from __future__ import annotations

from chalicelib.domain.checklist import COUNTED_UP_TO, Item, Known, checklist
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.ports import Ports
from chalicelib.usecases.connecting.connection_report import report


def go_live_checklist(organization_id: OrganizationId, ports: Ports) -> list[Item]:
    """The check list of an organization; Stripe is not asked."""
    known = report(organization_id, ports)
    return checklist(
        Known(
            known.connection,
            ports.settings.get(organization_id),
            known.webhook_healthy,
            known.webhook_problem,
            ports.customers.without_email(organization_id, COUNTED_UP_TO + 1),
            has_customers=bool(ports.customers.page(organization_id, 1, None).items),
        )
    )

"""An organization's money in and out."""

from __future__ import annotations

from urllib.parse import urlencode

from chalicelib import bootstrap
from chalicelib.api.http.media_types import CSV, prefers_csv
from chalicelib.api.http.routing import PREFIX, Router
from chalicelib.api.http.table import Call, Reply, Role
from chalicelib.api.models.movements import MovementList, movement_list
from chalicelib.api.models.movements_csv import movements_csv
from chalicelib.api.models.queries import CSV_ROWS, ROWS, MovementQuery, movement_filter_from
from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.movements import MovementFilter
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.invoicing_settings import time_zone_in_force
from chalicelib.usecases.invoicing.records import list_movements

PATH = "/payments"

router = Router(__name__, "Payments")


@router.route(
    "GET", PATH, Role.MEMBER, takes=MovementQuery, answers={200: MovementList}, refuses=(422,), answers_csv=True
)
def list_payments(call: Call[MovementQuery]) -> Reply:
    """List payments, refunds and disputes, newest first, as JSON or as CSV.

    With `Accept: text/csv` the same page is a table, of 1,000 rows unless `first` says otherwise. Its first column is
    the day in the organization's time zone. The header `Link` names the next page with `rel="next"`. In a table, an
    apostrophe stands before texts that a spreadsheet would take for formulas.
    """
    ports, organization_id = bootstrap.ports(), call.caller.organization_id
    wanted = movement_filter_from(call.input, time_zone=lambda: time_zone_in_force(organization_id, ports))
    if prefers_csv(call.headers.get("accept")):
        return _table(organization_id, wanted, call.input, ports)
    first = call.input.first or ROWS
    return Reply(movement_list(list_movements(organization_id, wanted, first, call.input.after, ports)))


def _table(organization_id: OrganizationId, wanted: MovementFilter, query: MovementQuery, ports: Ports) -> Reply:
    page = list_movements(organization_id, wanted, query.first or CSV_ROWS, query.after, ports)
    table = movements_csv(page.items, time_zone_in_force(organization_id, ports))
    link = {}
    if page.has_next and page.end_cursor is not None:
        link = {"Link": f'<{_address(query, page.end_cursor)}>; rel="next"'}
    return Reply(table.encode(), headers=link, content_type=CSV)


def _address(query: MovementQuery, after: str) -> str:
    """Returns the address of the page that begins at this cursor."""
    asked = {
        "from": query.since,
        "to": query.until,
        "kind": query.kind,
        "method": query.method,
        "first": query.first,
        "after": after,
    }
    given = {name: str(value) for name, value in asked.items() if value is not None}
    return f"{bootstrap.config().public_api_url}{PREFIX}{PATH}?{urlencode(given)}"

"""The list of an organization's payments, refunds and disputes."""

from __future__ import annotations

from functools import cache, partial

from chalicelib import bootstrap
from chalicelib.api.http.csv_reply import csv_reply
from chalicelib.api.http.media_types import prefers_csv
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.movements import MovementList, movement_list
from chalicelib.api.models.movements_csv import movements_csv
from chalicelib.api.models.queries import CSV_ROWS, ROWS, MovementQuery, movement_filter_from
from chalicelib.usecases.customers.names import names_of
from chalicelib.usecases.invoicing.invoicing_settings import time_zone_in_force
from chalicelib.usecases.payouts.show_deposits import list_deposited

PATH = "/payments"

router = Router(__name__, "Payments")


@router.route(
    "GET",
    PATH,
    Role.MEMBER,
    takes=MovementQuery,
    responses={200: MovementList},
    refuses=("period_invalid",),
    offers_csv=True,
)
def list_payments(call: Call[MovementQuery]) -> Reply:
    """List payments, refunds and disputes with their fees and deposits, newest first, as JSON or as CSV.

    A page has 25 rows unless `first` says otherwise, and at most 1,000. With `Accept: text/csv` the response is a
    table of 1,000 rows unless `first` says otherwise. The first column is the day in the organization's time zone.
    The header `Link` has the address of the next page with `rel="next"`. A text that a spreadsheet would take for a
    formula begins with an apostrophe.
    """
    ports, organization_id = bootstrap.ports(), call.caller.organization_id
    query, time_zone = call.input, cache(partial(time_zone_in_force, organization_id, ports))
    movement_filter, csv = movement_filter_from(query, time_zone=time_zone), prefers_csv(call.headers.get("accept"))
    first = query.first or (CSV_ROWS if csv else ROWS)
    page = list_deposited(organization_id, movement_filter, first, query.after, ports)
    names = names_of(organization_id, (each.settled.movement.customer_id for each in page.items), ports)
    if csv:
        return csv_reply(movements_csv(page.items, names, time_zone()), PATH, query, page)
    return Reply(movement_list(page, names))

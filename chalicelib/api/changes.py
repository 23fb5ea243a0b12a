"""The list of changes, for clients that poll."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.changes import ChangeList, ChangeQuery, change_list
from chalicelib.usecases.publishing.list_changes import list_changes as changes_behind

router = Router(__name__, "Changes")


@router.route(
    "GET", "/changes", Role.BILLING, takes=ChangeQuery, responses={200: ChangeList}, refuses=("cursor_expired",)
)
def list_changes(call: Call[ChangeQuery]) -> Reply:
    """List the changes of invoices, customers, the connection and payouts, oldest first.

    To follow an organization, request `after=now` and store `endCursor`. Then load the lists. Then request the
    changes with `after` set to the latest `endCursor`: at once while `hasNextPage` is true, and otherwise after some
    seconds. Store the new cursor after the page has been processed. No change is ever skipped, and a change can be
    listed more than once, so keep the highest `version` of each object and ignore lower ones. Entries do not contain
    the objects. Load those that you need.

    A change is listed for 30 days, beginning some seconds after it was stored. A client that requests the changes at
    least once in 30 days misses none. An older cursor is refused with `cursor_expired`. Without `after`, the page
    begins with the oldest listed change.
    """
    query, organization_id = call.input, call.caller.organization_id
    return Reply(change_list(changes_behind(organization_id, query.after, query.first, bootstrap.ports())))

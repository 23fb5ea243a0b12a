"""Lists what has changed, for clients that follow an organization by asking."""

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
    """List what has changed in invoices, customers, the connection and payouts, the oldest change first.

    To follow an organization: ask with `after=now` and keep `endCursor`. Then load the lists. Then ask again and
    again with `after` set to the latest `endCursor`: at once while `hasNextPage` is true, and otherwise after some
    seconds. Store the cursor when the page has been dealt with. No change is ever skipped, and a change can come more
    than once: keep the highest `version` of each object, and ignore what is lower. Entries do not have the
    objects. Load those that you need.

    A change is kept for 30 days. A client that asks at least once in 30 days misses nothing. A cursor that is older
    is refused with `cursor_expired`. Without `after` the page begins with the oldest change that is kept. A change is
    listed some seconds after it was stored.
    """
    query, organization_id = call.input, call.caller.organization_id
    return Reply(change_list(changes_behind(organization_id, query.after, query.first, bootstrap.ports())))

"""The list of integrations under Settings → Apps."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.common import PageInfo
from chalicelib.api.models.connection import AppList, app_view
from chalicelib.api.models.queries import Nothing
from chalicelib.usecases.connecting import connection_report

router = Router(__name__, "Connection")


@router.route("GET", "/apps", Role.MEMBER, takes=Nothing, responses={200: AppList})
def list_apps(call: Call[Nothing]) -> Reply:
    """List the integrations: whether each is installed, and what needs attention."""
    report = connection_report.report(call.caller.organization_id, bootstrap.ports())
    return Reply(AppList([app_view(report)], PageInfo(end_cursor=None, has_next_page=False)))

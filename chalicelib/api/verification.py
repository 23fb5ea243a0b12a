"""The verification of the connection: test it, refresh everything, and the checklist for going live."""

from __future__ import annotations

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import CHANGES_A_RECORD
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.queries import Nothing
from chalicelib.api.models.verification import (
    Checklist,
    RefreshView,
    TestProgress,
    TestReport,
    checklist_view,
    refresh_view,
    test_progress_view,
    test_report_view,
)
from chalicelib.usecases.connecting.connection_report import go_live_checklist
from chalicelib.usecases.connecting.sweep_sooner import refresh_all
from chalicelib.usecases.connecting.try_connection import latest_trial, try_connection

router = Router(__name__, "Connection")


@router.route(
    "POST",
    "/stripe/connection/test",
    Role.ADMIN,
    takes=Nothing,
    responses={200: TestReport},
    refuses=("invoicing_frozen", "stripe_not_connected", *CHANGES_A_RECORD),
)
def test_connection(call: Call[Nothing]) -> Reply:
    """Test the connection with a test invoice.

    POM creates a small invoice in Stripe, finalizes it without an e-mail, reads it back and voids it. The test
    invoice is never listed in POM. The test stops at the first step that fails, and always cleans up.
    """
    caller = call.caller
    trial = try_connection(caller.organization_id, bootstrap.ports(), by=caller.user_id)
    return Reply(test_report_view(trial))


@router.route("GET", "/stripe/connection/test", Role.MEMBER, takes=Nothing, responses={200: TestProgress})
def get_connection_test(call: Call[Nothing]) -> Reply:
    """Retrieve the latest test of the connection and its progress.

    Each step is listed as soon as it is done, also while the request that runs the test is still open. If two tests
    run at once, the later one is returned.
    """
    return Reply(test_progress_view(latest_trial(call.caller.organization_id, bootstrap.ports())))


@router.route(
    "POST",
    "/stripe/connection/refresh",
    Role.BILLING,
    takes=Nothing,
    responses={202: RefreshView},
    refuses=("stripe_not_connected", "queue_unavailable", *CHANGES_A_RECORD),
)
def refresh_connection(call: Call[Nothing]) -> Reply:
    """Compare everything with Stripe now. A second request within a minute starts no second comparison."""
    caller = call.caller
    return Reply(refresh_view(refresh_all(caller.organization_id, bootstrap.ports(), by=caller.user_id)), 202)


@router.route("GET", "/stripe/connection/checklist", Role.MEMBER, takes=Nothing, responses={200: Checklist})
def get_checklist(call: Call[Nothing]) -> Reply:
    """Retrieve the checklist for going live."""
    items = go_live_checklist(call.caller.organization_id, bootstrap.ports())
    return Reply(checklist_view(items, dashboard_base=bootstrap.config().stripe_dashboard_base))

"""Verify the connection: test it, refresh everything, and what is left to do before going live."""

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
    """Verify the connection with a test invoice.

    A small invoice is made in Stripe, finalized without an e-mail, read back and voided. It never is an invoice of
    POM. The test stops at the first step that goes wrong, and cleans up in any case.
    """
    caller = call.caller
    trial = try_connection(caller.organization_id, bootstrap.ports(), by=caller.user_id)
    return Reply(test_report_view(trial))


@router.route("GET", "/stripe/connection/test", Role.MEMBER, takes=Nothing, responses={200: TestProgress})
def get_connection_test(call: Call[Nothing]) -> Reply:
    """Show the latest test of the connection, and how far it is.

    Each step is shown as soon as it was taken, while the request that makes the test still waits for its answer.
    Of two tests at once, the later one is shown.
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
    """Compare everything with Stripe now. Asked for again within a minute, it is not done twice."""
    caller = call.caller
    return Reply(refresh_view(refresh_all(caller.organization_id, bootstrap.ports(), by=caller.user_id)), 202)


@router.route("GET", "/stripe/connection/checklist", Role.MEMBER, takes=Nothing, responses={200: Checklist})
def get_checklist(call: Call[Nothing]) -> Reply:
    """Show what to look at before going live."""
    items = go_live_checklist(call.caller.organization_id, bootstrap.ports())
    return Reply(checklist_view(items, dashboard_base=bootstrap.config().stripe_dashboard_base))

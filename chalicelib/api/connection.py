"""The connection: install, reconnect and disconnect Stripe."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from chalicelib import bootstrap
from chalicelib.api.http.route_error_codes import CALLS_STRIPE, CHANGES_A_RECORD
from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import PREFIX, Router
from chalicelib.api.models.acts import ConnectionHistory, connection_history
from chalicelib.api.models.connection import (
    AuthorizationView,
    CompleteConnection,
    ConnectionView,
    authorization_view,
    connection_view,
)
from chalicelib.api.models.queries import CallbackQuery, Nothing, PageQuery
from chalicelib.domain.acts import Subject
from chalicelib.usecases.acts.histories import history_of
from chalicelib.usecases.connecting import connect, connection_report

CALLBACK = "/stripe/oauth/callback"

router = Router(__name__, "Connection")


@router.route(
    "POST",
    "/stripe/connection",
    Role.ADMIN,
    takes=Nothing,
    responses={200: AuthorizationView},
    refuses=("organization_erased", *CHANGES_A_RECORD, "secrets_unavailable"),
)
def begin_connection(call: Call[Nothing]) -> Reply:
    """Begin to connect Stripe, for Install and for Reconnect.

    Send the admin's browser to `authorizeUrl`. Stripe redirects the browser to POM's callback, which redirects it to
    POM's settings page with `?stripe=pending&state=…`. The page then calls `/v1/stripe/connection/complete`.
    """
    redirect_uri = bootstrap.config().public_api_url + PREFIX + CALLBACK
    authorization = connect.begin(
        call.caller.organization_id, call.caller.user_id, bootstrap.ports(), redirect_uri=redirect_uri
    )
    return Reply(authorization_view(authorization))


@router.route(
    "GET",
    CALLBACK,
    Role.PUBLIC,
    takes=CallbackQuery,
    responses={302: None},
    refuses=(
        "state_missing",
        "state_unknown",
        "state_used",
        "state_expired",
        "database_unavailable",
        *CHANGES_A_RECORD,
    ),
    page_on_error=True,
)
def receive_callback(call: Call[CallbackQuery]) -> Reply:
    """Receive the browser that Stripe redirects back.

    Redirects to POM's settings page with `?stripe=pending|denied|error&state=…`, and with `code` after an error. A
    state that is unknown, used or expired is refused. A browser gets the refusal as a page.
    """
    query = call.input
    callback = connect.receive_callback(query.state, query.code, query.error, bootstrap.ports())
    outcome = {"stripe": callback.outcome, "state": callback.state}
    if callback.code:
        outcome["code"] = callback.code
    return Reply(None, 302, {"Location": _with_query(bootstrap.config().pom_settings_url, outcome)})


@router.route(
    "POST",
    "/stripe/connection/complete",
    Role.ADMIN,
    takes=CompleteConnection,
    responses={200: ConnectionView},
    refuses=(
        "account_bound_elsewhere",
        "oauth_code_invalid",
        "oauth_denied",
        "oauth_failed",
        "organization_erased",
        "state_expired",
        "state_foreign",
        "state_missing",
        "state_not_returned",
        "state_unknown",
        *CHANGES_A_RECORD,
        *CALLS_STRIPE,
    ),
)
def complete_connection(call: Call[CompleteConnection]) -> Reply:
    """Activate the connection. Only the admin who began it can do so, and can repeat the request."""
    report = connect.complete(call.caller.organization_id, call.caller.user_id, call.input.state, bootstrap.ports())
    return Reply(connection_view(report))


@router.route("GET", "/stripe/connection", Role.MEMBER, takes=Nothing, responses={200: ConnectionView})
def get_connection(call: Call[Nothing]) -> Reply:
    """Retrieve the connection: its status, what Stripe still requires, and whether events arrive."""
    return Reply(connection_view(connection_report.report(call.caller.organization_id, bootstrap.ports())))


@router.route(
    "DELETE",
    "/stripe/connection",
    Role.ADMIN,
    takes=Nothing,
    responses={200: ConnectionView},
    refuses=(*CHANGES_A_RECORD, *CALLS_STRIPE),
)
def disconnect(call: Call[Nothing]) -> Reply:
    """Disconnect Stripe. Every record stays readable, and the request can be repeated."""
    return Reply(
        connection_view(connect.disconnect(call.caller.organization_id, call.caller.user_id, bootstrap.ports()))
    )


@router.route(
    "GET",
    "/stripe/connection/history",
    Role.MEMBER,
    takes=PageQuery,
    responses={200: ConnectionHistory},
    refuses=(),
)
def list_connection_acts(call: Call[PageQuery]) -> Reply:
    """List who connected, tested, refreshed and disconnected, and what Stripe and POM did, newest first.

    Entries are stored without end. The entry about access that was granted in Stripe has no `actor`, because the
    browser that returns from Stripe has no token.
    """
    subject, query = Subject.connection_of(call.caller.organization_id), call.input
    return Reply(connection_history(history_of(subject, query.first, query.after, bootstrap.ports())))


def _with_query(url: str, parameters: dict[str, str]) -> str:
    parts = urlsplit(url)
    return parts._replace(query=urlencode([*parse_qsl(parts.query), *parameters.items()])).geturl()

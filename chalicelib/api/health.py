"""The health check."""

from __future__ import annotations

from chalicelib.api.http.route_table import Call, Reply, Role
from chalicelib.api.http.routing import Router
from chalicelib.api.models.queries import Nothing
from chalicelib.api.models.system import VERSION, Health

router = Router(__name__, "Service")


@router.route("GET", "/health", Role.PUBLIC, takes=Nothing, responses={200: Health})
def health(call: Call[Nothing]) -> Reply:
    """Check that the service responds, and retrieve its version."""
    return Reply(Health(status="ok", version=VERSION))

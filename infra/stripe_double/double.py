"""The double as one object: the Python API that tests call, and the WSGI application that servers run."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from .api.router import Router
from .api.routes import ROUTES
from .api.v1 import Api
from .clock import Clock
from .config import Config
from .control.controls import Controls
from .control.routes import ControlRoutes
from .dashboard.routing import Dashboard
from .http.dates import ResponseDates
from .http.messages import Request, Response, as_json
from .http.wsgi import StartResponse, serve
from .pages.hosted_page import HostedPage
from .pages.oauth import OAuth
from .pages.receipt_page import ReceiptPage
from .state.world import World
from .webhooks.deliverer import Deliverer
from .webhooks.transport import Transport

_API_VERSION = re.compile(r"^/v\d+/")


class StripeDouble(Controls):
    """A stateful stand-in for Stripe: its `Controls`, and all its HTTP routes. All state is in memory."""

    def __init__(
        self,
        config: Config | None = None,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        transport: Transport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        config = config or Config()
        world = World(config, clock or Clock(), rng or random.Random(config.seed))
        super().__init__(world, Api(world, Router(ROUTES), sleep), OAuth(world), Deliverer(world, transport))
        self._hosted_page = HostedPage(world)
        self._receipt_page = ReceiptPage(world)
        self._control_routes = ControlRoutes(self)
        self._dashboard = Dashboard(self)
        self._dates = ResponseDates(self.clock, config.seed, lag=config.date_lag)
        for account in config.accounts:
            self.create_account(**account)
        for endpoint in config.webhook_endpoints:
            self.add_webhook_endpoint(**endpoint)

    def handle(self, request: Request) -> Response:
        """Returns the response to any request. Raises ConnectionDropped if a fault closes the connection."""
        if request.path.startswith("/v1/"):
            response = self.api.handle(request)
        elif request.path.startswith("/oauth/"):
            response = self.api.handle_oauth(request, self.oauth.handle)
        elif request.path.startswith("/i/"):
            response = self._hosted_page.handle(request)
        elif request.path.startswith("/receipts/"):
            response = self._receipt_page.handle(request)
        elif request.path.startswith("/_double"):
            response = self._control_routes.handle(request)
        elif not _API_VERSION.match(request.path) and self._dashboard.takes(request):
            response = self._dashboard.handle(request)
        else:
            message = f"Unrecognized request URL ({request.method}: {request.path})."
            response = as_json(404, {"error": {"message": message, "type": "invalid_request_error"}})
        response.headers["Date"] = self._dates.header(response.not_before)
        return response

    def wsgi(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serves one WSGI request."""
        return serve(self.handle, environ, start_response)

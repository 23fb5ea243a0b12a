"""Serves /v1: runs the steps before and after the handler of a route.

The order is: take a fault, authenticate, limit the rate, decode, check the types, look up the idempotency key,
execute under the world's lock, store the response, apply the fault's delay, log the request.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import ConnectionDropped, StripeFault, missing
from ..http.messages import Request, Response, as_json
from ..objects.call import Call, Route
from ..state.events import Cause
from ..state.ledger import public
from ..state.render import expand, render
from ..state.world import World
from . import forms, validation
from .auth import authenticate
from .faults import Fault, Faults, injected_error
from .idempotency import IdempotencyStore
from .rate_limits import RateLimits
from .request_log import Entry, RequestLog
from .router import Router

_MANY = ("list", "event", "account")


@dataclass
class _RequestContext:
    """One request, with the facts that are gathered while it is served."""

    request: Request
    request_id: str
    template: str
    account: str
    fault: Fault | None
    replayed: bool = False

    @property
    def key(self) -> str:
        """The idempotency key, or the empty string."""
        return self.request.header("idempotency-key")

    def has_fault(self, kind: str) -> bool:
        """Returns True if the request has a fault of this kind."""
        return self.fault is not None and self.fault.kind == kind

    @property
    def seconds(self) -> float:
        """The seconds for which the fault delays the request or its response."""
        return self.fault.seconds if self.fault is not None else 0.0


class Api:
    """Stripe's API on top of one world."""

    def __init__(self, world: World, router: Router, sleep: Callable[[float], None] = time.sleep) -> None:
        self.world, self.router = world, router
        self.log, self.faults = RequestLog(), Faults()
        self.keys = IdempotencyStore(world.clock)
        self.limits = RateLimits(world.clock, world.config.global_rate, world.config.endpoint_rate)
        self._sleep = sleep
        self._numbers = itertools.count(1)

    def handle(self, request: Request) -> Response:
        """Returns the response. Raises ConnectionDropped if a fault closes the connection."""
        route_match = self.router.match(request.method, request.path)
        template = route_match[0].template if route_match else "(unrecognized)"
        context = self._begin(request, template, request.header("stripe-account"))
        response = self._respond(context, lambda: self._dispatch(context, route_match))
        if context.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        if context.key:
            response.headers["Idempotency-Key"] = context.key
        if context.account:
            response.headers["Stripe-Account"] = context.account
        response.headers["Request-Id"] = context.request_id
        response.headers["Stripe-Version"] = request.header("stripe-version") or self.world.config.api_version
        return response

    def handle_oauth(self, request: Request, handle: Callable[[Request], Response]) -> Response:
        """Returns the response of `handle` to a Connect OAuth request. The request is logged, and faults apply to it.

        Connect OAuth has no idempotency keys. Raises ConnectionDropped if a fault closes the connection.
        """
        context = self._begin(request, request.path)
        response = self._respond(context, lambda: self._execute(context, lambda: handle(request)))
        response.headers["Request-Id"] = context.request_id
        return response

    def _begin(self, request: Request, template: str, account: str = "") -> _RequestContext:
        fault = self.faults.take(request.method, request.path, account)
        return _RequestContext(request, f"req_{next(self._numbers):014d}", template, account, fault)

    def _respond(self, context: _RequestContext, make_response: Callable[[], Response]) -> Response:
        """Returns the response of `make_response`, or its error as a response. Logs the request in any case."""
        status = 0
        try:
            try:
                if context.fault is not None:
                    context.fault.refuse()
                response = make_response()
                if context.has_fault("close_after") and not context.replayed:
                    raise ConnectionDropped
            except StripeFault as exc:
                response = as_json(exc.status, exc.body, **exc.headers)
            if context.has_fault("late"):  # the lock is free, and the idempotency key has its response
                response.not_before = self.world.clock.now() + context.seconds
                self._sleep(context.seconds)
            status = response.status
        finally:
            self._log_request(context, status)
        return response

    def _dispatch(self, context: _RequestContext, route_match: tuple[Route, dict[str, str]] | None) -> Response:
        request = context.request
        with self.world.lock:
            caller = authenticate(self.world, request)
        context.account = caller.ledger.id if caller.ledger is not self.world.platform else ""
        if route_match is None:
            raise StripeFault(
                404,
                f"Unrecognized request URL ({request.method}: {request.path}). If you are trying to list objects,"
                " remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid"
                " (non-empty) identifier in your code. (The Stripe double may not model it.)",
                stored=False,
            )
        route, args = route_match
        self._check_version(request)
        self.limits.spend(caller.ledger.id, f"{route.method} {route.template}")
        params = _params(route, request)
        call = Call(self.world, caller.ledger, params, args, caller.livemode, caller.through_platform)
        if request.method == "POST" and context.key:
            return self._execute_once(context, route, call)
        return self._execute(context, lambda: self._handle(context, route, call))

    def _execute_once(self, context: _RequestContext, route: Route, call: Call) -> Response:
        """Executes the first request with an idempotency key, or replays the stored response of the first request."""
        account, key = call.ledger.id, context.key
        first_response = self.keys.begin(account, key, context.request.path, context.request.form)
        if first_response is not None:
            context.replayed = True
            return Response(first_response[0], first_response[1], {"Content-Type": "application/json"})
        try:
            response = self._execute(context, lambda: self._handle(context, route, call))
        except StripeFault as exc:
            if not exc.stored:
                self.keys.forget(account, key)
                raise
            response = as_json(exc.status, exc.body, **exc.headers)
        except BaseException:
            self.keys.forget(account, key)
            raise
        self.keys.finish(account, key, response.status, response.body)
        return response

    def _execute(self, context: _RequestContext, make_response: Callable[[], Response]) -> Response:
        """Returns the response of `make_response`. Raises the 500 of an injected fault before or after the call."""
        if context.has_fault("error_before"):
            raise injected_error(stored=True)
        if context.has_fault("delay"):  # the idempotency key is taken, the lock is not
            self._sleep(context.seconds)
        response = make_response()
        if context.has_fault("error_after"):
            raise injected_error(stored=True)
        return response

    def _handle(self, context: _RequestContext, route: Route, call: Call) -> Response:
        """Returns the response of the route's handler, which runs under the world's lock."""
        world = self.world
        with world.lock:
            world.run_due()
            world.events.cause = Cause(context.request_id, context.key or None)
            try:
                result = route.handle(call)
                rendered = (
                    result if result["object"] in _MANY or result.get("deleted") else render(call.ledger, result)
                )
                if rendered.get("deleted"):
                    rendered = public(rendered)
                return as_json(200, expand(call.ledger, dict(rendered), list(call.params.get("expand", ()))))
            finally:
                world.events.cause = Cause()

    def _check_version(self, request: Request) -> None:
        """Raises StripeFault for a version in which the double cannot respond. Events ignore the caller's version."""
        requested_version = request.header("stripe-version")
        if requested_version not in ("", self.world.config.api_version) and not request.path.startswith("/v1/events"):
            raise StripeFault(
                400,
                f"The Stripe double responds in API version {self.world.config.api_version},"
                f" not {requested_version}.",
                stored=False,
            )

    def _log_request(self, context: _RequestContext, status: int) -> None:
        request = context.request
        self.log.add(
            Entry(
                at=self.world.clock.now(),
                method=request.method,
                template=context.template,
                path=request.path,
                account=context.account,
                status=status,
                idempotency_key=context.key or None,
                replayed=context.replayed,
                request_id=context.request_id,
            )
        )


def _params(route: Route, request: Request) -> dict[str, Any]:
    try:
        params = forms.decode(request.form)
    except UnicodeDecodeError:
        raise StripeFault(400, "Invalid request: parameters must be UTF-8", stored=False) from None
    if route.params is None:
        return params
    if "" in params:
        raise missing("parameter name")
    return validation.check(route.params, params)

"""Serves /v1: does what precedes and follows the handler of a route.

Order: count, fault before, authenticate, rate limit, decode, check types, idempotency key, execute under the lock,
store, fault after, wait.
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
    """One request, and what is learned about it while it is answered."""

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
        """Returns True if a fault of this kind is ordered for the request."""
        return self.fault is not None and self.fault.kind == kind

    @property
    def seconds(self) -> float:
        """How long the fault lets the request or its answer wait."""
        return self.fault.seconds if self.fault is not None else 0.0


class Api:
    """Stripe's API over one world."""

    def __init__(self, world: World, router: Router, sleep: Callable[[float], None] = time.sleep) -> None:
        self.world, self.router = world, router
        self.log, self.faults = RequestLog(), Faults()
        self.keys = IdempotencyStore(world.clock)
        self.limits = RateLimits(world.clock, world.config.global_rate, world.config.endpoint_rate)
        self._sleep = sleep
        self._numbers = itertools.count(1)

    def handle(self, request: Request) -> Response:
        """Returns the answer. Raises ConnectionDropped if a fault closes the connection."""
        found = self.router.match(request.method, request.path)
        template = found[0].template if found else "(unrecognized)"
        passage = self._begin(request, template, request.header("stripe-account"))
        response = self._respond(passage, lambda: self._dispatch(passage, found))
        if passage.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        if passage.key:
            response.headers["Idempotency-Key"] = passage.key
        if passage.account:
            response.headers["Stripe-Account"] = passage.account
        response.headers["Request-Id"] = passage.request_id
        response.headers["Stripe-Version"] = request.header("stripe-version") or self.world.config.api_version
        return response

    def handle_oauth(self, request: Request, handle: Callable[[Request], Response]) -> Response:
        """Returns the answer of `handle` to a request of Connect OAuth, which is logged and meets faults.

        Connect OAuth has no idempotency keys. Raises ConnectionDropped if a fault closes the connection.
        """
        passage = self._begin(request, request.path)
        response = self._respond(passage, lambda: self._execute(passage, lambda: handle(request)))
        response.headers["Request-Id"] = passage.request_id
        return response

    def _begin(self, request: Request, template: str, account: str = "") -> _RequestContext:
        fault = self.faults.take(request.method, request.path, account)
        return _RequestContext(request, f"req_{next(self._numbers):014d}", template, account, fault)

    def _respond(self, passage: _RequestContext, proceed: Callable[[], Response]) -> Response:
        """Returns what `proceed` returns, or its error as an answer; logs the request in any case."""
        status = 0
        try:
            try:
                if passage.fault is not None:
                    passage.fault.refuse()
                response = proceed()
                if passage.has_fault("close_after") and not passage.replayed:
                    raise ConnectionDropped
            except StripeFault as exc:
                response = as_json(exc.status, exc.body, **exc.headers)
            if passage.has_fault("late"):  # the lock is free, and the idempotency key has its answer
                response.not_before = self.world.clock.now() + passage.seconds
                self._sleep(passage.seconds)
            status = response.status
        finally:
            self._log_request(passage, status)
        return response

    def _dispatch(self, passage: _RequestContext, found: tuple[Route, dict[str, str]] | None) -> Response:
        request = passage.request
        with self.world.lock:
            caller = authenticate(self.world, request)
        passage.account = caller.ledger.id if caller.ledger is not self.world.platform else ""
        if found is None:
            raise StripeFault(
                404,
                f"Unrecognized request URL ({request.method}: {request.path}). If you are trying to list objects,"
                " remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid"
                " (non-empty) identifier in your code. (The Stripe double may not model it.)",
                stored=False,
            )
        route, args = found
        self._check_version(request)
        self.limits.spend(caller.ledger.id, f"{route.method} {route.template}")
        params = _params(route, request)
        call = Call(self.world, caller.ledger, params, args, caller.livemode, caller.through_platform)
        if request.method == "POST" and passage.key:
            return self._execute_once(passage, route, call)
        return self._execute(passage, lambda: self._handle(passage, route, call))

    def _execute_once(self, passage: _RequestContext, route: Route, call: Call) -> Response:
        """Returns the first answer for an idempotency key: executes the request, or replays its stored answer."""
        account, key = call.ledger.id, passage.key
        stored = self.keys.begin(account, key, passage.request.path, passage.request.form)
        if stored is not None:
            passage.replayed = True
            return Response(stored[0], stored[1], {"Content-Type": "application/json"})
        try:
            response = self._execute(passage, lambda: self._handle(passage, route, call))
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

    def _execute(self, passage: _RequestContext, execute: Callable[[], Response]) -> Response:
        """Returns what `execute` returns. Raises the 500 of a fault before or after it."""
        if passage.has_fault("error_before"):
            raise injected_error(stored=True)
        if passage.has_fault("delay"):  # the idempotency key is taken, the lock is not
            self._sleep(passage.seconds)
        response = execute()
        if passage.has_fault("error_after"):
            raise injected_error(stored=True)
        return response

    def _handle(self, passage: _RequestContext, route: Route, call: Call) -> Response:
        """Returns the answer of the route's handler, which runs under the lock."""
        world = self.world
        with world.lock:
            world.run_due()
            world.events.cause = Cause(passage.request_id, passage.key or None)
            try:
                result = route.handle(call)
                shown = result if result["object"] in _MANY or result.get("deleted") else render(call.ledger, result)
                if shown.get("deleted"):
                    shown = public(shown)
                return as_json(200, expand(call.ledger, dict(shown), list(call.params.get("expand", ()))))
            finally:
                world.events.cause = Cause()

    def _check_version(self, request: Request) -> None:
        """Raises StripeFault for a version the double does not answer in; events ignore what the caller sends."""
        wanted = request.header("stripe-version")
        if wanted not in ("", self.world.config.api_version) and not request.path.startswith("/v1/events"):
            raise StripeFault(
                400,
                f"The Stripe double answers in API version {self.world.config.api_version}, not {wanted}.",
                stored=False,
            )

    def _log_request(self, passage: _RequestContext, status: int) -> None:
        request = passage.request
        self.log.add(
            Entry(
                at=self.world.clock.now(),
                method=request.method,
                template=passage.template,
                path=request.path,
                account=passage.account,
                status=status,
                idempotency_key=passage.key or None,
                replayed=passage.replayed,
                request_id=passage.request_id,
            )
        )


def _params(route: Route, request: Request) -> dict[str, Any]:
    try:
        decoded = forms.decode(request.form)
    except UnicodeDecodeError:
        raise StripeFault(400, "Invalid request: parameters must be UTF-8", stored=False) from None
    if route.params is None:
        return decoded
    if "" in decoded:
        raise missing("parameter name")
    return validation.check(route.params, decoded)

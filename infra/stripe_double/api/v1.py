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
from ..state.ledger import JSON
from ..state.render import expand, render
from ..state.world import World
from . import forms, validation
from .auth import Caller, authenticate
from .faults import Fault, Faults
from .idempotency import IdempotencyStore
from .rate_limits import RateLimits, limited
from .request_log import Entry, RequestLog
from .router import Router

_MANY = ("list", "event", "account")


@dataclass
class _Passage:
    """One request, and what is learned about it while it is answered."""

    request: Request
    request_id: str
    template: str = "(unrecognized)"
    account: str = ""
    replayed: bool = False


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
        passage = _Passage(request, f"req_{next(self._numbers):014d}", account=request.header("stripe-account"))
        found = self.router.match(request.method, request.path)
        if found is not None:
            passage.template = found[0].template
        status = 0
        try:
            response = self._faulty(passage, found)
            status = response.status
        finally:
            self._note(passage, status)
        if passage.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        if key := request.header("idempotency-key"):
            response.headers["Idempotency-Key"] = key
        if passage.account:
            response.headers["Stripe-Account"] = passage.account
        response.headers["Request-Id"] = passage.request_id
        response.headers["Stripe-Version"] = request.header("stripe-version") or self.world.config.api_version
        return response

    def outside(self, request: Request, answer: Callable[[Request], Response]) -> Response:
        """Returns the answer to a request of Connect OAuth, which `answer` executes; logs it, and applies faults.

        Connect OAuth has no idempotency keys.
        """
        passage = _Passage(request, f"req_{next(self._numbers):014d}", template=request.path)
        status = 0
        try:
            fault = self.faults.take(request.method, request.path, "")
            try:
                if fault is not None:
                    self._before(fault)
                    if fault.kind == "error_before":
                        raise _broken()
                    if fault.kind == "delay":
                        self._sleep(fault.seconds)
                response = answer(request)
                if fault is not None and fault.kind == "close_after":
                    raise ConnectionDropped
                if fault is not None and fault.kind == "error_after":
                    raise _broken()
            except StripeFault as exc:
                response = as_json(exc.status, exc.body, **exc.headers)
            self._wait_if_late(fault, response)
            status = response.status
        finally:
            self._note(passage, status)
        response.headers["Request-Id"] = passage.request_id
        return response

    def _faulty(self, passage: _Passage, found: tuple[Route, dict[str, str]] | None) -> Response:
        request = passage.request
        fault = self.faults.take(request.method, request.path, passage.account)
        try:
            if fault is not None:
                self._before(fault)
            response = self._authenticated(passage, found, fault)
        except StripeFault as exc:
            response = as_json(exc.status, exc.body, **exc.headers)
        self._wait_if_late(fault, response)
        return response

    def _wait_if_late(self, fault: Fault | None, response: Response) -> None:
        """Holds back an answer if its fault is `late`. The lock is free, and the idempotency key has its answer."""
        if fault is not None and fault.kind == "late":
            response.not_before = self.world.clock.now() + fault.seconds
            self._sleep(fault.seconds)

    def _before(self, fault: Fault) -> None:
        if fault.kind == "close_before":
            raise ConnectionDropped
        if fault.kind == "rate_limit":
            raise limited(fault.reason)
        if fault.kind == "lock_timeout":
            raise StripeFault(
                fault.status or 429,
                "This object cannot be accessed right now because another API request or Stripe process is currently"
                " accessing it.",
                code="lock_timeout",
                should_retry=True,
                stored=False,
            )
        if fault.kind == "conflict":
            raise StripeFault(409, "Conflict with a concurrent request.", code="idempotency_key_in_use", stored=False)
        if fault.kind == "error_before" and not fault.stored:
            raise _broken()

    def _authenticated(
        self, passage: _Passage, found: tuple[Route, dict[str, str]] | None, fault: Fault | None
    ) -> Response:
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
        key = request.header("idempotency-key")
        if request.method != "POST" or not key:
            return self._execute(passage, route, args, caller, params, fault)
        stored = self.keys.begin(caller.ledger.id, key, request.path, request.form)
        if stored is not None:
            passage.replayed = True
            return Response(stored[0], stored[1], {"Content-Type": "application/json"})
        try:
            response = self._execute(passage, route, args, caller, params, fault)
        except StripeFault as exc:
            response = as_json(exc.status, exc.body, **exc.headers)
            if not exc.stored:
                self.keys.forget(caller.ledger.id, key)
                return response
        except BaseException:
            self.keys.forget(caller.ledger.id, key)
            raise
        self.keys.finish(caller.ledger.id, key, response.status, response.body)
        if fault is not None and fault.kind == "close_after":
            raise ConnectionDropped
        return response

    def _check_version(self, request: Request) -> None:
        """Raises StripeFault for a version the double does not answer in; events ignore what the caller sends."""
        wanted = request.header("stripe-version")
        if wanted not in ("", self.world.config.api_version) and not request.path.startswith("/v1/events"):
            raise StripeFault(
                400,
                f"The Stripe double answers in API version {self.world.config.api_version}, not {wanted}.",
                stored=False,
            )

    def _execute(
        self, passage: _Passage, route: Route, args: dict[str, str], caller: Caller, params: JSON, fault: Fault | None
    ) -> Response:
        if fault is not None and fault.kind == "error_before":
            raise _broken(stored=True)
        if fault is not None and fault.kind == "delay":  # the idempotency key is taken, the lock is not
            self._sleep(fault.seconds)
        world = self.world
        paths = list(params.get("expand", ()))
        with world.lock:
            world.run_due()
            world.events.cause = Cause(passage.request_id, passage.request.header("idempotency-key") or None)
            try:
                call = Call(world, caller.ledger, params, args, caller.livemode, caller.through_platform)
                result = route.handle(call)
                shown = result if result["object"] in _MANY or result.get("deleted") else render(call.ledger, result)
                if shown.get("deleted"):
                    shown = {k: v for k, v in shown.items() if not k.startswith("_")}
                response = as_json(200, expand(call.ledger, dict(shown), paths))
            finally:
                world.events.cause = Cause()
        if fault is not None and fault.kind == "error_after":
            raise _broken(stored=True)
        if fault is not None and fault.kind == "close_after" and not passage.request.header("idempotency-key"):
            raise ConnectionDropped
        return response

    def _note(self, passage: _Passage, status: int) -> None:
        request = passage.request
        self.log.add(
            Entry(
                at=self.world.clock.now(),
                method=request.method,
                template=passage.template,
                path=request.path,
                account=passage.account,
                status=status,
                idempotency_key=request.header("idempotency-key") or None,
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


def _broken(*, stored: bool = False) -> StripeFault:
    return StripeFault(
        500, "An unknown error occurred. (Ordered from the Stripe double.)", kind="api_error", stored=stored
    )

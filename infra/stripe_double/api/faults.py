"""Faults that a test injects into its next requests."""

from __future__ import annotations

import fnmatch
import threading
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import ConnectionDropped, StripeFault
from .rate_limits import rate_limit_error

Kind = Literal[
    "close_before",
    "error_before",
    "close_after",
    "error_after",
    "delay",
    "late",
    "rate_limit",
    "lock_timeout",
    "conflict",
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass
class Fault:
    """One injected fault. It applies to `count` matching requests, after `skip` matching requests have passed.

    `close_before`: the request is not executed, and the connection closes. `error_before`: the request is not
    executed, and the response is a 500. It is stored under the idempotency key if `stored` is true. `close_after`:
    the request is executed and its response stored; then the connection closes. `error_after`: the request is
    executed; the response is a 500, which is stored. `delay`: the request waits `seconds` before it is executed.
    `late`: the request is executed, and its response waits `seconds`. The body is from before the wait, the Date from
    after. `rate_limit`: the response is a 429 with `reason`. `lock_timeout`: the response is a 429 (or `status`) with
    the code `lock_timeout` and without a reason. `conflict`: the response is a 409.
    """

    kind: Kind
    count: int = 1
    method: str = "*"
    path: str = "*"
    """A shell pattern for the path, such as `/v1/invoices/*/finalize`."""
    account: str = "*"
    skip: int = 0
    seconds: float = 0.0
    status: int = 0
    reason: str = "endpoint-rate"
    stored: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind}; one of {', '.join(KINDS)}")

    def matches(self, method: str, path: str, account: str) -> bool:
        """Returns True if the fault applies to a request with this method, path and account."""
        return (
            self.method in ("*", method)
            and fnmatch.fnmatchcase(path, self.path)
            and fnmatch.fnmatchcase(account, self.account)
        )

    def refuse(self) -> None:
        """Raises an error if this kind of fault keeps the request from being executed.

        Raises ConnectionDropped for `close_before`, and for the other kinds a StripeFault that is not stored under
        the idempotency key.
        """
        if self.kind == "close_before":
            raise ConnectionDropped
        if self.kind == "rate_limit":
            raise rate_limit_error(self.reason)
        if self.kind == "lock_timeout":
            raise StripeFault(
                self.status or 429,
                "This object cannot be accessed right now because another API request or Stripe process is currently"
                " accessing it.",
                code="lock_timeout",
                should_retry=True,
                stored=False,
            )
        if self.kind == "conflict":
            raise StripeFault(409, "Conflict with a concurrent request.", code="idempotency_key_in_use", stored=False)
        if self.kind == "error_before" and not self.stored:
            raise injected_error()


def injected_error(*, stored: bool = False) -> StripeFault:
    """Returns the 500 of an injected fault. It is stored under the idempotency key if `stored`."""
    return StripeFault(
        500, "An unknown error occurred. (Injected by the Stripe double.)", kind="api_error", stored=stored
    )


class Faults:
    """The faults that are not used up yet. A request gets the first fault that matches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.orders: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Adds a fault."""
        with self._lock:
            self.orders.append(fault)

    def clear(self) -> None:
        """Removes all faults."""
        with self._lock:
            self.orders.clear()

    def take(self, method: str, path: str, account: str) -> Fault | None:
        """Returns the fault for this request and counts it down; None if no fault matches."""
        with self._lock:
            for fault in self.orders:
                if not fault.matches(method, path, account):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.count -= 1
                if fault.count <= 0:
                    self.orders.remove(fault)
                return fault
        return None

"""Faults that a test orders for its next requests."""

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
    """One ordered fault. It applies to `count` matching requests, after `skip` of them have passed.

    `close_before`/`error_before`: not executed; the connection closes, or 500 (kept under the key if `stored`).
    `close_after`: executed and its answer kept, then the connection closes. `error_after`: executed, 500 answered
    and kept. `delay`: waits `seconds`, then executes. `late`: executes, waits `seconds`, then answers what was true
    at execution, with the Date of that later moment. `rate_limit`: 429 with `reason`. `lock_timeout`: 429 (or
    `status`) with that code and no reason. `conflict`: 409.
    """

    kind: Kind
    count: int = 1
    method: str = "*"
    path: str = "*"
    """Shell pattern on the path, such as `/v1/invoices/*/finalize`."""
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
        """Returns True if the fault applies to such a request."""
        return (
            self.method in ("*", method)
            and fnmatch.fnmatchcase(path, self.path)
            and fnmatch.fnmatchcase(account, self.account)
        )

    def refuse(self) -> None:
        """Raises what keeps the request from being executed, if the fault is of such a kind.

        Raises ConnectionDropped for `close_before`, and StripeFault for a refusal that no idempotency key keeps.
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
    """Returns the 500 of an ordered error; an idempotency key keeps it if `stored`."""
    return StripeFault(
        500, "An unknown error occurred. (Ordered from the Stripe double.)", kind="api_error", stored=stored
    )


class Faults:
    """The faults that are ordered and not yet used up. The first that matches is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.orders: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Order a fault."""
        with self._lock:
            self.orders.append(fault)

    def clear(self) -> None:
        """Forget all ordered faults."""
        with self._lock:
            self.orders.clear()

    def take(self, method: str, path: str, account: str) -> Fault | None:
        """Returns the fault for this request, or None, and counts it down."""
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

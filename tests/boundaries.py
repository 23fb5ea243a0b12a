"""Numbers every call that leaves the process, so that a test can count the calls or kill the process at one of
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.ports import Ports

STORES = ("invoices", "payments", "payouts", "customers", "connections", "settings", "events", "batches")
READS = (
    "get",
    "find",
    "lines",
    "all_lines",
    "find_by_reference",
    "find_by_stripe_id",
    "page",
    "due_for_work",
    "pending",
    "organization_of",
    "all_active",
    "due_for_sweep",
    "authorization",
    "known",
    "parked",
    "last_received_at",
    "canary",
    "unused_grants",
    "webhook_check",
    "canary_run",
    "trial",
    "arrivals",
    "without_email",
    "to_search",
    "waiting_for",
    "holder_of",
    "items_at",
    "items",
    "part",
    "parts",
    "several",
    "due_parts",
    "every_item",
    "all_parked_events",
    "erasures_due",
    "of_invoice",
    "pace",
)


class ProcessKilled(BaseException):
    """Ends the process. No `except Exception` catches it."""


class Boundaries:
    """The names of the calls so far. Call number `fatal` raises `ProcessKilled`: before it is made, or after it with
    `after`.
    """

    def __init__(self, *, fatal: int | None = None, after: bool = False) -> None:
        self.calls: list[str] = []
        self._fatal = fatal
        self._after = after

    def cross(self, name: str, call: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        if number == self._fatal and not self._after:
            raise ProcessKilled(name)
        result = call()
        if number == self._fatal:
            raise ProcessKilled(name)
        return result

    @property
    def reads(self) -> list[str]:
        """Reads of the database."""
        return [name for name in self.calls if _is_store(name) and name.split(".")[1] in READS]

    @property
    def writes(self) -> list[str]:
        """Writes to the database."""
        return [name for name in self.calls if _is_store(name) and name.split(".")[1] not in READS]

    @property
    def stripe(self) -> list[str]:
        """Calls of the gateway."""
        return [name.split(".")[1] for name in self.calls if name.startswith("stripe.")]


def _is_store(name: str) -> bool:
    return name.split(".")[0] in STORES


class CountedPorts:
    """`Ports` that route every call of a store, of Stripe or of a queue through `boundaries`; the clock is not
    counted.
    """

    def __init__(self, ports: Ports, boundaries: Boundaries) -> None:
        self._ports = ports
        self._boundaries = boundaries

    def __getattr__(self, name: str) -> Any:
        port = getattr(self._ports, name)
        return _Crossing(name, port, self._boundaries) if name in (*STORES, "stripe", "queues") else port


class _Crossing:
    def __init__(self, name: str, port: Any, boundaries: Boundaries) -> None:
        self._name = name
        self._port = port
        self._boundaries = boundaries

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method

        def crossing(*args: Any, **kwargs: Any) -> Any:
            return self._boundaries.cross(f"{self._name}.{name}", lambda: method(*args, **kwargs))

        return crossing


def count_calls(world: Any, **fate: Any) -> Boundaries:
    """Counts the world's calls from now on, and returns the counter."""
    boundaries = Boundaries(**fate)
    plain = getattr(world.ports, "_ports", world.ports) if isinstance(world.ports, CountedPorts) else world.ports
    world.ports = CountedPorts(plain, boundaries)
    return boundaries


def stop_counting(world: Any) -> None:
    """Stops counting the world's calls; no call is fatal any more."""
    if isinstance(world.ports, CountedPorts):
        world.ports = world.ports._ports

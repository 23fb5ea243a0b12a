"""Counts requests by method and path template, so that tests can limit the number of requests."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Entry:
    """One request in the log."""

    at: float
    method: str
    template: str
    path: str
    account: str
    status: int
    """The HTTP status, or 0 if the connection was closed without a response."""
    idempotency_key: str | None
    replayed: bool
    request_id: str


class RequestLog:
    """The last ten thousand requests, and the counts of all requests since the last reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=10_000)
        self._counts: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Records one request."""
        with self._lock:
            self._entries.append(entry)
            self._counts[f"{entry.method} {entry.template}"] += 1

    def counts(self) -> dict[str, int]:
        """Returns the number of requests by method and path template: `{"POST /v1/invoices/{id}/send": 2, …}`."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def total(self) -> int:
        """Returns the number of requests since the last reset."""
        return sum(self.counts().values())

    def entries(self) -> list[dict[str, object]]:
        """Returns the last ten thousand requests, oldest first."""
        with self._lock:
            return [asdict(e) for e in self._entries]

    def reset(self) -> None:
        """Removes all requests from the log."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()

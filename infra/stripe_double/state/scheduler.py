"""Jobs that are due later on the double's clock: bank debits settle, refunds fail, drafts are finalized."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from ..clock import Clock
from ..errors import StripeFault


@dataclass(order=True)
class Job:
    """One job, which runs at `due`."""

    due: float
    sequence: int
    name: str = field(compare=False)
    subject: str = field(compare=False)
    run: Callable[[], object] = field(compare=False, repr=False)
    cancelled: bool = field(compare=False, default=False)


class Scheduler:
    """A queue of jobs by due time. The world's lock guards the queue."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[Job] = []
        self._sequence = itertools.count()

    def at(self, due: float, name: str, subject: str, run: Callable[[], object]) -> Job:
        """Plans a job at an epoch second, and returns it. `subject` is the id of the object that it changes."""
        job = Job(due, next(self._sequence), name, subject, run)
        heapq.heappush(self._heap, job)
        return job

    def after(self, seconds: float, name: str, subject: str, run: Callable[[], object]) -> Job:
        """Plans a job `seconds` from now, and returns it."""
        return self.at(self._clock.now() + seconds, name, subject, run)

    def cancel(self, subject: str) -> None:
        """Cancels the planned jobs of an object."""
        for job in self._heap:
            job.cancelled = job.cancelled or job.subject == subject

    def next_due(self) -> float | None:
        """Returns the epoch second at which the next job is due, or None if no job is planned."""
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0].due if self._heap else None

    def run_due(self) -> int:
        """Runs the jobs that are due. Returns the number of jobs that ran."""
        job_count = 0
        while (due := self.next_due()) is not None and due <= self._clock.now():
            job = heapq.heappop(self._heap)
            with suppress(
                StripeFault
            ):  # the object has changed since the job was planned, so the job no longer applies
                job.run()
            job_count += 1
        return job_count

    def pending(self) -> list[dict[str, object]]:
        """Returns the planned jobs, as a ledger's dump lists them."""
        return [{"due": j.due, "name": j.name, "subject": j.subject} for j in sorted(self._heap) if not j.cancelled]

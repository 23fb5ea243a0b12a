"""The workers' process: event source mappings, schedules, and an HTTP control on loopback.

Run it with `python -m infra.local.workers --control-port 8004`. The control responds with JSON:

    GET  /                        the handlers (paused or not), the schedules (interval in seconds) and this list
    POST /schedules/NAME          run a schedule now; responds when its handler is done
    POST /queues/HANDLER/pause    leave a handler's messages or records waiting; responds when no batch is in progress
    POST /queues/HANDLER/resume   take the messages or records again
    POST /idle?timeout=SECONDS    responds once no handler that is not paused has work; 504 if that takes longer
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs

from chalice.app import Chalice

from chalicelib.functions import QUEUE_TRIGGERS, STREAM_TRIGGERS, Changes
from infra.local import followed_clock
from infra.local.api_server import load_app, log_to_stderr, per_thread
from infra.local.event_sources import mappings
from infra.local.lines import print_whole_lines
from infra.local.pom_consumer import pom_consumer
from infra.local.processes import run_until_stopped, stoppable
from infra.local.schedules import Schedule, schedules
from infra.local.schedules import run as run_schedules
from infra.local.streams import stream_mappings
from infra.local.wsgi import Environ, RunningServer, StartResponse, serve

CONTROLS = [" ".join(line.split()) for line in (__doc__ or "").splitlines()[4:9]]
"""The controls, as `GET /` and the response to an unknown request list them."""
IDLE_TIMEOUT = 30.0
"""Seconds for which `POST /idle` waits by default."""
IDLE_CHECK = 0.05
"""Seconds between two checks of the queues."""
AT_ONCE = 10
"""The most batches of a queue that are processed at the same time.

One process does the work of all Lambdas here, so more threads would only wait for each other. Ten are enough for all
lanes of one account's bulk work.
"""
LONGEST_WINDOW = 0.1
"""Seconds for which a batch of stream records waits to fill. AWS waits longer, to save invocations."""

log = logging.getLogger("infra.local.workers")


class Source(Protocol):
    """A source of work: a queue, or streams."""

    @property
    def name(self) -> str:
        """The name of the source in the controls."""

    @property
    def origin(self) -> str:
        """The queue's URL, or the tables of the streams."""

    @property
    def paused(self) -> bool:
        """True if the work waits for now."""

    def pause(self) -> None:
        """Stops taking work. Returns when the current work is finished."""

    def resume(self) -> None:
        """Takes work again."""

    def idle(self) -> bool:
        """Returns True if no work waits or is in progress."""

    def run(self, stop: threading.Event) -> None:
        """Works until `stop` is set."""


class Workers:
    """The sources and schedules of one application, and the WSGI application that controls them."""

    def __init__(self, sources: Sequence[Source], due: list[Schedule], clock: Callable[[], float]) -> None:
        # In this order, because a queue's handler writes records to the streams, and the streams' handler publishes
        # to POM.
        self._queues = {source.name: source for source in sources}
        self._schedules = {schedule.name: schedule for schedule in due}
        self._clock = clock
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Polls the sources and runs the schedules during the block, each in its own thread."""
        threads = [
            threading.Thread(target=queue.run, args=[self._stop], name=name) for name, queue in self._queues.items()
        ]
        due = list(self._schedules.values())
        threads.append(threading.Thread(target=run_schedules, args=[due, self._stop, self._clock], name="schedules"))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Responds to one control request."""
        request = (environ["REQUEST_METHOD"], *environ["PATH_INFO"].strip("/").split("/"))
        query = parse_qs(environ.get("QUERY_STRING", ""))
        status, answer = self._control(request, query)
        body = json.dumps(answer, default=str).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _control(self, request: tuple[str, ...], query: dict[str, list[str]]) -> tuple[str, Any]:
        match request:
            case ("GET", ""):
                return "200 OK", self._state()
            case ("POST", "schedules", name) if name in self._schedules:
                return self._fire(self._schedules[name])
            case ("POST", "queues", name, "pause") if name in self._queues:
                self._queues[name].pause()
                return "200 OK", self._state()
            case ("POST", "queues", name, "resume") if name in self._queues:
                self._queues[name].resume()
                return "200 OK", self._state()
            case ("POST", "idle"):
                return self._wait_until_idle(float(query.get("timeout", [str(IDLE_TIMEOUT)])[0]))
        return "404 Not Found", {"error": "unknown control", "known": CONTROLS}

    def _state(self) -> dict[str, Any]:
        queues = {name: {"paused": queue.paused, "source": queue.origin} for name, queue in self._queues.items()}
        schedules = {name: schedule.interval for name, schedule in self._schedules.items()}
        return {"queues": queues, "schedules": schedules, "controls": CONTROLS}

    def _fire(self, schedule: Schedule) -> tuple[str, Any]:
        try:
            return "200 OK", {"fired": schedule.name, "result": schedule.fire()}
        except Exception as error:
            log.exception("%s: failed", schedule.name)
            return "500 Internal Server Error", {"fired": schedule.name, "error": type(error).__name__}

    def _wait_until_idle(self, timeout: float) -> tuple[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            busy = [name for name, queue in self._queues.items() if not queue.paused and not queue.idle()]
            if not busy:
                return "200 OK", {"idle": True}
            if time.monotonic() > deadline:
                return "504 Gateway Timeout", {"idle": False, "busy": busy}
            self._stop.wait(IDLE_CHECK)


@contextmanager
def working(
    app: Chalice,
    queue_urls: dict[str, str],
    intervals: dict[str, float],
    control_port: int = 0,
    *,
    streams: Mapping[str, Changes] | None = None,
    table_prefix: str = "",
    pom_directory: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[RunningServer]:
    """Runs the workers of `app` and their controls during the block.

    `streams` has the triggers of the handlers that streams feed. If `pom_directory` is given, POM receives the events
    of the bus and writes them to files there. `clock` returns the time by which schedules are due, in seconds.
    """
    app = per_thread(app)
    at_once = {name: min(trigger.concurrency, AT_ONCE) for name, trigger in QUEUE_TRIGGERS.items()}
    sources: list[Source] = [
        *mappings(app, queue_urls, at_once),
        *stream_mappings(app, streams or {}, table_prefix, LONGEST_WINDOW),
    ]
    if pom_directory is not None:
        sources.append(pom_consumer(pom_directory))
    workers = Workers(sources, schedules(app, intervals), clock)
    with workers.running(), serve(workers, control_port, threads=4) as control:
        yield control


def main() -> None:
    """Works until a stop is requested. Queue URLs come from the environment, as in Lambda."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.workers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--app", default="app:app", help="module:attribute (default: %(default)s)")
    parser.add_argument("--control-port", type=int, default=8004, help="(default: %(default)s)")
    parser.add_argument(
        "--interval",
        action="append",
        default=[],
        metavar="NAME=SECONDS",
        help="run a schedule at this interval instead of its own rate; repeatable",
    )
    parser.add_argument("--schedules-follow", action="store_true", help="run schedules by the clock that POM follows")
    parser.add_argument(
        "--received", type=Path, metavar="DIRECTORY", help="where POM writes the events that it receives"
    )
    options = parser.parse_args()
    intervals = {name: float(value) for name, _, value in (text.partition("=") for text in options.interval)}
    print_whole_lines()
    log_to_stderr()
    urls = {name: os.environ[trigger.queue.url_variable] for name, trigger in QUEUE_TRIGGERS.items()}
    clock = followed_clock.now if options.schedules_follow else time.monotonic
    changes = {
        "streams": STREAM_TRIGGERS,
        "table_prefix": os.environ["POM_TABLE_PREFIX"],
        "pom_directory": options.received,
    }
    working_app = working(load_app(options.app), urls, intervals, options.control_port, clock=clock, **changes)
    with stoppable(), working_app as control:
        print(f"workers' control at {control.url}", flush=True)
        run_until_stopped()


if __name__ == "__main__":
    main()

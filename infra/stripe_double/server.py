"""Serves a double on 127.0.0.1 with its delivery threads."""

from __future__ import annotations

import logging
import threading
from typing import Any

import waitress
from waitress import wasyncore

from .double import StripeDouble
from .errors import ConnectionDropped

_IDLE = 0.25
"""Seconds after which an idle worker reads the clock again, because another thread may have moved the double's
clock.
"""


class Server:
    """A running double; `url` is its base address. Use it as a context manager, or call `start` and `stop`."""

    def __init__(
        self, double: StripeDouble, port: int = 0, *, deliver: bool = True, threads: int = 8, public_url: str = ""
    ) -> None:
        logging.getLogger("waitress").addFilter(_quiet)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # waitress warns of every short queue
        self.double = double
        self._sockets: dict[int, Any] = {}
        self._server: Any = waitress.create_server(
            double.wsgi,
            map=self._sockets,
            host="127.0.0.1",
            port=port,
            threads=threads,
            clear_untrusted_proxy_headers=True,
        )
        self.port = int(self._server.effective_port)
        self.url = f"http://127.0.0.1:{self.port}"
        double.config.public_url = public_url or self.url
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._serve, name="stripe-double", daemon=True)]
        workers = double.config.delivery_workers if deliver else 0
        self._threads += [
            threading.Thread(target=self._deliver, name=f"stripe-double-webhooks-{n}", daemon=True)
            for n in range(workers)
        ]

    def start(self) -> Server:
        """Starts the threads that serve and deliver, and returns itself."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Closes the port and ends the threads."""
        self._stopping.set()
        with self.double.world.lock:
            self.double.deliverer.wake_condition.notify_all()
        self._server.pull_trigger()
        for thread in self._threads:
            thread.join(timeout=2)
        # The sockets are closed only after the loop has ended. If a socket is closed while the loop selects on it,
        # the loop never wakes. If the loop closed the sockets itself, the trigger could be closed before it is
        # pulled.
        wasyncore.close_all(self._sockets, ignore_all=True)
        self._server.task_dispatcher.shutdown()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(map=self._sockets, count=1)

    def _deliver(self) -> None:
        world, deliverer = self.double.world, self.double.deliverer
        while not self._stopping.is_set():
            with world.lock:
                world.run_due()
            if deliverer.step() is not None:
                continue
            with world.lock:
                due = deliverer.next_due()
                wait = _IDLE if due is None else min(_IDLE, max(0.0, due - world.clock.now()))
                if wait and not self._stopping.is_set():
                    deliverer.wake_condition.wait(wait)


def _quiet(record: logging.LogRecord) -> bool:
    """Returns False for the log record of a connection that a fault closed."""
    return not (record.exc_info and isinstance(record.exc_info[1], ConnectionDropped))

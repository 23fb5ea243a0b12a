"""Serves a WSGI application on a loopback port, in a thread, during a block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

HOST = "127.0.0.1"
LONGEST_BODY = 64 * 1024 * 1024
"""Bytes. It is far above the limit of any server here, so that each server itself refuses large bodies."""

STOP_TIMEOUT = 3
"""Seconds that a request may take to end when its server stops."""


@dataclass(frozen=True)
class RunningServer:
    """A running server."""

    port: int

    @property
    def url(self) -> str:
        """Returns the base URL, without a trailing slash."""
        return f"http://{HOST}:{self.port}"


@contextmanager
def serve(
    application: Application, port: int = 0, *, threads: int = 8, channel: type[HTTPChannel] = HTTPChannel
) -> Iterator[RunningServer]:
    """Serves `application` on 127.0.0.1 until the block ends. Port 0 takes a free one.

    Args:
        channel: the class that reads the requests of a connection.

    Raises:
        OSError: the port is taken.
    """
    server: BaseWSGIServer = waitress.create_server(
        application,
        host=HOST,
        port=port,
        threads=threads,
        max_request_body_size=LONGEST_BODY,
        clear_untrusted_proxy_headers=True,
        ident=None,
    )
    server.channel_class = channel
    loop = threading.Thread(target=server.run, name=f"wsgi-{server.effective_port}", daemon=True)
    loop.start()
    try:
        yield RunningServer(int(server.effective_port))
    finally:
        # A request that ends at this time wakes the loop too. Then the loop may close everything, including the
        # trigger, before this line wakes it.
        with suppress(OSError):
            server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))  # in the loop's own thread
        loop.join()
        server.task_dispatcher.shutdown(timeout=STOP_TIMEOUT)

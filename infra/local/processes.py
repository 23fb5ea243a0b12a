"""Starting, watching and stopping the processes of the local stack; each by its own id."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
FREE_PORTS = range(20_000, 32_000)
START_TIMEOUT = 60.0
"""Seconds a child may take until it answers."""
STOP_TIMEOUT = 10.0
"""Seconds a child may take to end after SIGTERM before it is killed."""
POLL_INTERVAL = 0.05
"""Seconds between two looks at a child that is starting."""
LOG_TAIL = 2_000
"""Characters of a child's log shown when it did not start."""


class DidNotStart(Exception):
    """A child ended, or did not answer, before it was ready; the message carries the end of its log."""


class PortTaken(Exception):
    """A fixed port is in use by somebody else."""


def free_port() -> int:
    """A loopback port that nobody listens on at this moment.

    It lies below the ports that the system gives to outgoing connections, so that none of those can take it
    before its server starts.
    """
    while True:
        port = random.choice(FREE_PORTS)
        with suppress(OSError), socket.create_server((HOST, port)):
            return port


def require_free(port: int, use: str, option: str) -> None:
    """Check that `port` can be listened on.

    Raises:
        PortTaken: it cannot; the message names the port, what it was for and the options that choose another.
    """
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise PortTaken(
            f"Port {port} ({use}) is taken. Choose another with {option}, move all ports with --port-base, "
            "or take free ones with --ephemeral."
        ) from error


@contextmanager
def child(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in a session of its own while the block runs; its output is appended to `log`.

    The environment is exactly `environment`, or this process's own. Ctrl-C in the terminal does not reach the
    child: it ends when the block does, by SIGTERM and, after STOP_TIMEOUT seconds, SIGKILL.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End one child and reap it."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Return once `url` answers HTTP with any status below 500.

    Raises:
        DidNotStart: the child ended first, or START_TIMEOUT seconds passed.
    """
    deadline = time.monotonic() + START_TIMEOUT
    while not _answers(url):
        if process.poll() is not None:
            raise DidNotStart(f"ended with status {process.returncode}; {_tail(log)}")
        if time.monotonic() > deadline:
            raise DidNotStart(f"no answer at {url} after {START_TIMEOUT:.0f} s; {_tail(log)}")
        time.sleep(POLL_INTERVAL)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _tail(log: Path) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return f"{log} ends with:\n{text[-LOG_TAIL:]}"


class StopRequested(BaseException):
    """SIGTERM or Ctrl-C arrived; raised in the main thread, wherever it is."""


@contextmanager
def stoppable() -> Iterator[None]:
    """End this block quietly, its `finally` parts included, at SIGTERM or Ctrl-C; a second signal is ignored."""

    def request_stop(*_: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise StopRequested

    before: dict[signal.Signals, Any] = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, request_stop)
    try:
        yield
    except StopRequested:
        return
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_until_stopped() -> None:
    """Sleep until a signal ends the enclosing `stoppable` block."""
    while True:
        signal.pause()

"""Starts, checks and stops the processes of the local stack, each by its own id."""

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
"""Seconds within which a child must respond."""
STOP_TIMEOUT = 10.0
"""Seconds within which a child must end after SIGTERM. Then it is killed."""
POLL_INTERVAL = 0.05
"""Seconds between two checks of a child that is starting."""
LOG_TAIL = 2_000
"""Characters of a child's log that are shown if it did not start."""


class DidNotStart(Exception):
    """A child ended, or did not respond, before it was ready. The message has the end of its log."""


class PortTaken(Exception):
    """Another program uses a fixed port."""


def free_port() -> int:
    """Returns a loopback port that no program listens on at this time.

    The port is below the ports that the system assigns to outgoing connections. So no outgoing connection can take it
    before its server starts.
    """
    while True:
        port = random.choice(FREE_PORTS)
        with suppress(OSError), socket.create_server((HOST, port)):
            return port


def require_free(port: int, use: str, option: str) -> None:
    """Checks that a program can listen on `port`.

    Raises:
        PortTaken: it cannot. The message names the port, its use, and the options that choose another port.
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
    """Runs `command` in a session of its own during the block. Its output is appended to `log`.

    The environment is exactly `environment`, or this process's own. Ctrl-C in the terminal does not reach the child.
    It ends with the block, by SIGTERM and, after STOP_TIMEOUT seconds, by SIGKILL.
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
    """Ends one child and waits for its exit."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Returns once `url` responds with a status below 500.

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
    """SIGTERM or Ctrl-C arrived. The main thread raises this error wherever it is."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Ends this block quietly, including its `finally` parts, on SIGTERM or Ctrl-C. A second signal is ignored."""

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
    """Sleeps until a signal ends the enclosing `stoppable` block."""
    while True:
        signal.pause()

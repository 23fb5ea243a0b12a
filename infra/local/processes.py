"""Waiting for the signal that ends a process of the local stack."""

from __future__ import annotations

import os
import signal
import threading


def wait_for_stop() -> None:
    """Return at SIGTERM, at Ctrl-C, or when the process that started this one is gone."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    while not stop.wait(timeout=1.0):
        if os.getppid() != parent:
            return

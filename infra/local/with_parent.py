"""`python -m infra.local.with_parent PID MODULE …`: runs a module as a script, and ends it when process PID is gone.

A supervisor that is killed cannot stop its children, so each child checks whether the supervisor still runs.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

CHECK_INTERVAL = 1.0
"""Seconds between two checks of the parent."""


def _end_without(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(CHECK_INTERVAL)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Runs the module with the remaining arguments."""
    parent, module = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_without, args=[parent], name="with-parent", daemon=True).start()
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

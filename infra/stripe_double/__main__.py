"""`python -m infra.stripe_double --port 12111 [--config double.json]`."""

from __future__ import annotations

import argparse
import signal
import threading
from functools import partial
from pathlib import Path

from .clock import Clock
from .config import Config
from .double import StripeDouble
from .server import Server


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="A stateful stand-in for Stripe on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=12111, help="0 picks a free port")
    parser.add_argument("--config", help="JSON file with settings, see config.py")
    parser.add_argument("--public-url", default="", help="base of hosted invoice links, default: this server")
    parser.add_argument(
        "--endpoint-rate", type=float, default=25.0, help="requests per second and endpoint, 0: no limit"
    )
    parser.add_argument(
        "--global-rate", type=float, default=100.0, help="requests per second and account, 0: no limit"
    )
    parser.add_argument(
        "--clock-file", type=Path, help="keeps there how many seconds the clock is ahead, for clocks that follow it"
    )
    given = parser.parse_args()
    config = Config.from_file(given.config) if given.config else Config()
    config.endpoint_rate = config.endpoint_rate or given.endpoint_rate
    config.global_rate = config.global_rate or given.global_rate
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    clock = Clock(on_move=partial(_keep, given.clock_file)) if given.clock_file else Clock()
    with Server(StripeDouble(config, clock=clock), given.port, public_url=given.public_url) as server:
        print(f"Stripe double ready at {server.url} (controls under {server.url}/_double/)", flush=True)
        stopped.wait()


def _keep(file: Path, offset: float) -> None:
    """Writes the offset so that a reader never sees half of it."""
    written = file.with_suffix(".new")
    written.write_text(repr(offset))
    written.replace(file)


if __name__ == "__main__":
    main()

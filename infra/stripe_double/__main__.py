"""Runs a double from the command line: `python -m infra.stripe_double --port 12111 [--config double.json]`."""

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
    """Serves until SIGTERM or SIGINT."""
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
    options = parser.parse_args()
    config = Config.from_file(options.config) if options.config else Config()
    config.endpoint_rate = config.endpoint_rate or options.endpoint_rate
    config.global_rate = config.global_rate or options.global_rate
    stop_requested = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_requested.set())
    clock = Clock(on_move=partial(_write_offset, options.clock_file)) if options.clock_file else Clock()
    with Server(StripeDouble(config, clock=clock), options.port, public_url=options.public_url) as server:
        print(f"Stripe double ready at {server.url} (controls under {server.url}/_double/)", flush=True)
        stop_requested.wait()


def _write_offset(file: Path, offset: float) -> None:
    """Writes the offset by replacing the file, so that a reader never reads a half-written number."""
    new_file = file.with_suffix(".new")
    new_file.write_text(repr(offset))
    new_file.replace(file)


if __name__ == "__main__":
    main()

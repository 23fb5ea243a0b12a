"""Starts the whole local stack on this computer, and stops it at Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

from rich.console import Console

from infra.local.double_config import STRIPE_ACCOUNT
from infra.local.lines import Tail
from infra.local.processes import DidNotStart, PortTaken, stoppable
from infra.local.sample_company.in_stripe import create_former_customers
from infra.local.settings import Ports
from infra.local.stack import LocalStack
from infra.local.summary import description, show, write

PARTS = {
    "api": "the API",
    "pom": "the POM site",
    "stripe": "the Stripe double",
    "aws": "AWS",
    "control": "the workers' control",
}

WATCH_INTERVAL = 0.5
"""Seconds between two checks of the stack's processes and of the events that POM received."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the stack. Returns 0 after a stop, 1 if a part ended or did not start, 2 if a port is taken."""
    options = _parser().parse_args(arguments)
    console = Console()
    try:
        with stoppable(), _stack(options) as stack:
            create_former_customers(stack.urls.stripe, STRIPE_ACCOUNT["account_id"])
            stack_description = description(stack)
            write(stack_description, options.output)
            show(stack_description, options.output, console, with_api=stack.with_api)
            pom_log = Tail(stack.pom_log)
            while not (ended := stack.ended()):
                time.sleep(WATCH_INTERVAL)
                for line in pom_log.new_lines():
                    print(line, flush=True)
            print(f"Stopping, because a part has ended: {', '.join(ended)}", file=sys.stderr)
            return 1
    except PortTaken as error:
        print(error, file=sys.stderr)
        return 2
    except DidNotStart as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _stack(options: argparse.Namespace) -> LocalStack:
    ports = Ports.free() if options.ephemeral else Ports.from_base(options.port_base)
    chosen_ports = {f.name: getattr(options, f"{f.name}_port") for f in fields(Ports)}
    ports = replace(ports, **{name: port for name, port in chosen_ports.items() if port is not None})
    intervals = {name: float(value) for name, _, value in (text.partition("=") for text in options.interval)}
    return LocalStack(
        ports=ports,
        state_dir=options.state_dir.resolve(),
        with_api=not options.without_api,
        app=options.app,
        schedules_follow=True,
        intervals=intervals,
        origins=options.origin,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument(
        "--port-base",
        type=int,
        default=8000,
        help="the first of five consecutive ports: API, POM, Stripe, AWS, control (default: %(default)s)",
    )
    parser.add_argument("--ephemeral", action="store_true", help="take free ports instead")
    for name in (field.name for field in fields(Ports)):
        parser.add_argument(f"--{name}-port", type=int, default=None, help=f"the port of {PARTS[name]}")
    parser.add_argument(
        "--without-api", action="store_true", help="start everything except the API, for use with `chalice local`"
    )
    parser.add_argument("--app", default="app:app", help="the Chalice application (default: %(default)s)")
    parser.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="http://HOST:PORT",
        help="a front end whose pages may call the API, besides POM's; repeatable",
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(".local"),
        help="the directory of the logs and of the token key (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(".local/stack.json"),
        help="the file with all addresses and tokens (default: %(default)s)",
    )
    parser.add_argument(
        "--interval",
        action="append",
        default=[],
        metavar="NAME=SECONDS",
        help="run a schedule at this interval instead of its own rate; repeatable",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

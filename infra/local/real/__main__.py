"""`python -m infra.local.real fetch` or `… run dynamodb-local --port 8010`: the real stand-ins by hand."""

from __future__ import annotations

import argparse
import sys

from infra.local.processes import run_until_stopped, stoppable
from infra.local.real import Unavailable, dynamodb_local, elasticmq, stripe_mock
from infra.local.real.fetching import dynamodb_local_jars, elasticmq_jars, stripe_mock_binary

FETCHERS = {"dynamodb-local": dynamodb_local_jars, "elasticmq": elasticmq_jars, "stripe-mock": stripe_mock_binary}
RUNNERS = {"dynamodb-local": dynamodb_local, "elasticmq": elasticmq, "stripe-mock": stripe_mock}


def main(arguments: list[str] | None = None) -> int:
    """Fetches all stand-ins, or runs one until a stop is requested. Returns 1 if one is unavailable."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.real", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="fetch all stand-ins now; tests would do so on first use")
    run = commands.add_parser("run", help="run one until Ctrl-C")
    run.add_argument("name", choices=sorted(RUNNERS))
    run.add_argument("--port", type=int, default=None, help="a free one if not given")
    options = parser.parse_args(arguments)
    if options.command == "run":
        try:
            with stoppable(), RUNNERS[options.name](options.port) as url:
                print(f"{options.name} at {url}", flush=True)
                run_until_stopped()
        except Unavailable as error:
            print(f"{options.name}: {error}", file=sys.stderr)
            return 1
        return 0
    missing = 0
    for name, fetch in FETCHERS.items():
        try:
            print(f"{name}: {fetch()}")
        except Unavailable as error:
            print(f"{name}: {error}", file=sys.stderr)
            missing += 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

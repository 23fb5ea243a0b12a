"""`python -m infra.local.aws --port 8003`: the embedded AWS on its own, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse

from infra.local.aws.server import serve_aws
from infra.local.processes import run_until_stopped, stoppable


def main() -> None:
    """Serves the embedded AWS until a stop is requested."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=8003, help="0 takes a free one (default: %(default)s)")
    arguments = parser.parse_args()
    with stoppable(), serve_aws(arguments.port) as server:
        print(f"embedded AWS at {server.url}", flush=True)
        run_until_stopped()


if __name__ == "__main__":
    main()

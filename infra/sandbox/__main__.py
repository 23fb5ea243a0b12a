"""`python -m infra.sandbox`, which is `make sandbox`."""

from __future__ import annotations

import sys

from infra.ops.cli import exit_status
from infra.sandbox.command import cli

if __name__ == "__main__":
    sys.exit(exit_status(cli, "make sandbox", None))

"""`python -m infra.deploy`."""

from __future__ import annotations

import sys

from infra.deploy.cli import cli
from infra.ops.cli import exit_status

if __name__ == "__main__":
    sys.exit(exit_status(cli, "python -m infra.deploy", None))

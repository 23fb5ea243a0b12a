"""`python -m infra.deploy`."""

from __future__ import annotations

import sys

import click

from infra.deploy.cli import cli


def main(arguments: list[str] | None = None) -> int:
    """Run one command; answers the exit status."""
    try:
        answer = cli.main(arguments, prog_name="python -m infra.deploy", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        print("Aborted.", file=sys.stderr)
        return 130
    return answer if isinstance(answer, int) else 0


if __name__ == "__main__":
    sys.exit(main())

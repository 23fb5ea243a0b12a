"""Installs the pinned tools of a directory's `package-lock.json`, and runs them there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.real.fetching import Unavailable, require

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OLDEST_NODE = (20, 19)
"""Redocly and hey-api need it."""
INSTALL_TIMEOUT = 300
"""Seconds `npm ci` may take."""
TOOL_TIMEOUT = 120
"""Seconds one tool may take."""
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Tools:
    """The tools that the lock file in `directory` pins; npm keeps what it downloads in `cache`."""

    directory: Path
    cache: Path = ROOT / ".cache" / "npm"

    @property
    def installed(self) -> Path:
        """The file that says which lock file the tools were installed from."""
        return self.directory / "node_modules" / ".version"

    def install(self) -> None:
        """Installs the tools, unless they are installed from this lock file already.

        Raises:
            Unavailable: Node is missing or too old, or the registry did not give the packages.
        """
        self._require_node()
        lock_digest = hashlib.sha256((self.directory / "package-lock.json").read_bytes()).hexdigest()
        with self._alone():
            if self.installed.exists() and self.installed.read_text() == lock_digest:
                return
            # No package needs its install script; one of them reports the installation to its maker.
            command = [require("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
            try:
                process = self._run([*command, f"--cache={self.cache}"], {}, INSTALL_TIMEOUT)
            except subprocess.TimeoutExpired as error:
                raise Unavailable(f"npm ci took longer than {INSTALL_TIMEOUT} s") from error
            if process.returncode != 0:
                raise Unavailable(f"npm ci failed: {' | '.join(process.stderr.strip().splitlines()[-3:])}")
            self.installed.write_text(lock_digest)

    def run_tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs one of the installed tools in the directory."""
        return self._run([str(self.directory / "node_modules" / ".bin" / name), *arguments], _QUIET, TOOL_TIMEOUT)

    def run_script(self, name: str) -> subprocess.CompletedProcess[str]:
        """Runs a script of the directory's `package.json`."""
        return self._run([require("npm"), "run", "--silent", name], _QUIET, TOOL_TIMEOUT)

    def run_program(self, path: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Runs a JavaScript program with Node in the directory."""
        return self._run([require("node"), str(path)], variables, TOOL_TIMEOUT)

    def _require_node(self) -> None:
        shown = self._run([require("node"), "--version"], {}, TOOL_TIMEOUT).stdout.strip()
        version = tuple(int(part) for part in shown.removeprefix("v").split(".")[:2])
        if version < OLDEST_NODE:
            raise Unavailable(f"Node is {shown}; {'.'.join(map(str, OLDEST_NODE))} or later is needed")

    def _run(
        self, command: list[str], variables: Mapping[str, str], timeout: int
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **variables}
        return subprocess.run(
            command, cwd=self.directory, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lets one process at a time install, because several processes may run the tests."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with (self.cache / "install.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


CLIENTS = Tools(HERE)
"""The generators of clients, the linters of the document, and the compiler."""
OFFICE = Tools(ROOT / "infra/local/office")
"""The generator of the office's types, the compiler that checks its screens, and axe."""

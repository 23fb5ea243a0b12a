"""Fetches the stand-ins in pinned versions, and says why one is unavailable.

The Java versions are pinned in `jars/*.xml`, the Go version here.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

STRIPE_MOCK = "github.com/stripe/stripe-mock@v0.203.0"
MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
FETCH_TIMEOUT = 600
"""Seconds that one download may take."""

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / ".cache" / "real"


class Unavailable(Exception):
    """A stand-in cannot be used here. The message is `unavailable: <reason>`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"unavailable: {reason}")


def dynamodb_local_jars() -> Path:
    """Returns the directory with DynamoDB Local, its dependencies and its native SQLite libraries."""
    return _jars("dynamodb-local")


def elasticmq_jars() -> Path:
    """Returns the directory with ElasticMQ and its dependencies."""
    return _jars("elasticmq")


def stripe_mock_binary() -> Path:
    """Returns the path of the stripe-mock executable."""
    directory = CACHE / "stripe-mock"
    environment = {**os.environ, "GOBIN": str(directory), "GOFLAGS": "-modcacherw"}
    _once(directory, STRIPE_MOCK, lambda: _run([require("go"), "install", STRIPE_MOCK], environment))
    return directory / "stripe-mock"


def require(program: str) -> str:
    """Returns the path of an installed program.

    Raises:
        Unavailable: the program is not installed.
    """
    path = shutil.which(program)
    if path is None:
        raise Unavailable(f"{program} is not installed")
    return path


def _jars(name: str) -> Path:
    pom = HERE / "jars" / f"{name}.xml"
    directory = CACHE / name

    def copy_dependencies() -> None:
        _run(
            [
                require("mvn"),
                "--batch-mode",
                "--quiet",
                f"--file={pom}",
                MAVEN_COPY,
                f"-DoutputDirectory={directory}",
                "-DincludeScope=runtime",
                f"-Dmaven.repo.local={CACHE / 'maven'}",
            ],
            dict(os.environ),
        )

    _once(directory, hashlib.sha256(pom.read_bytes()).hexdigest(), copy_dependencies)
    return directory


def _once(directory: Path, version: str, fetch: Callable[[], None]) -> None:
    """Fetches into an empty `directory` unless it is complete in this version. Only one process fetches at a time."""
    marker = directory / ".version"
    with _locked(directory.name):
        if marker.exists() and marker.read_text() == version:
            return
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        fetch()
        marker.write_text(version)


@contextmanager
def _locked(name: str) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        process = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=FETCH_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{Path(command[0]).name} took longer than {FETCH_TIMEOUT} s") from error
    if process.returncode != 0:
        lines = (process.stdout + process.stderr).strip().splitlines()
        raise Unavailable(f"{Path(command[0]).name} could not fetch it: {' | '.join(lines[-3:])}")

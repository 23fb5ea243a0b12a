"""One package for all tests: made when something that goes into it has changed, and else taken from `build`."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.package import ROOT, TEMPLATE, ZIP
from infra.package.build import build

CACHE = ROOT / "build" / "test-packages"
KEPT = 3
INGREDIENTS = (
    "app.py",
    "requirements.txt",
    ".chalice/*.json",
    "chalicelib/**/*.py",
    "infra/template/*.py",
    "infra/package/*.py",
)


@dataclass(frozen=True)
class Package:
    """What `make package` makes of the dev stage."""

    template: dict[str, Any]
    archive: Path

    def resources(self, kind: str) -> dict[str, Any]:
        """All resources of a type, by logical id."""
        return {name: each for name, each in self.template["Resources"].items() if each["Type"] == kind}


@pytest.fixture(scope="session")
def package() -> Package:
    """The dev stage, packaged; needs the package index, unless nothing has changed."""
    made = CACHE / _fingerprint()
    with _alone():
        if not (made / ZIP).exists():
            if not _index_answers():
                pytest.skip("the package index does not answer: chalice package fetches Lambda's wheels from it")
            unfinished = CACHE / f"unfinished-{os.getpid()}"
            build("dev", unfinished)
            unfinished.rename(made)
            _forget_old_ones()
    return Package(json.loads((made / TEMPLATE).read_text()), made / ZIP)


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for pattern in INGREDIENTS:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:24]


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time, however many run the tests."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _index_answers() -> bool:
    if os.environ.get("CI"):
        return True  # there it has to: a gate that skips itself is none
    asked = [sys.executable, "-m", "pip", "--retries", "0", "--timeout", "10", "index", "versions", "six"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _forget_old_ones() -> None:
    packages = sorted((each for each in CACHE.iterdir() if each.is_dir()), key=lambda each: each.stat().st_mtime)
    for old in packages[:-KEPT]:
        shutil.rmtree(old)

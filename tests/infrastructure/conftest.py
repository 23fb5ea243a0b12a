"""Builds one package for all tests. An existing package in `build` is used if none of its sources has changed."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.package import ROOT, TEMPLATE, ZIP
from infra.package.build import build, is_current

STAGE = "dev"
MADE_BY_HAND = ROOT / "build" / STAGE
"""Where `make package` writes."""
OWN = ROOT / "build" / "test-package"


@dataclass(frozen=True)
class Package:
    """The package of the dev stage, as `make package` creates it."""

    template: dict[str, Any]
    archive: Path

    def resources(self, kind: str) -> dict[str, Any]:
        """Returns all resources of a type, by logical id."""
        return {name: each for name, each in self.template["Resources"].items() if each["Type"] == kind}


@pytest.fixture(scope="session")
def package() -> Package:
    """Packages the dev stage. Needs the package index unless an existing package is still up to date.

    Raises:
        PackagingError: packaging failed, for example because the package index does not respond.
    """
    if is_current(MADE_BY_HAND, STAGE):
        return _read_package(MADE_BY_HAND)
    with _alone():
        if not is_current(OWN, STAGE):
            build(STAGE, OWN)
        return _read_package(OWN)


def _read_package(directory: Path) -> Package:
    return Package(json.loads((directory / TEMPLATE).read_text()), directory / ZIP)


@contextmanager
def _alone() -> Iterator[None]:
    """Lets one process at a time package, because several processes may run the tests."""
    OWN.mkdir(parents=True, exist_ok=True)
    with (OWN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

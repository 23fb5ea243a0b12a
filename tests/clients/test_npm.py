"""Without Node or the npm registry, the client tests say why they are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.real.fetching import Unavailable
from tests.clients.npm import Tools


def program(directory: Path, name: str, script: str) -> None:
    file = directory / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that has all programs of a machine, on which nothing is installed yet."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "node_modules").mkdir()
    return tmp_path


@pytest.fixture
def tools(machine: Path) -> Tools:
    return Tools(machine, cache=machine / "cache")


def test_a_machine_without_node_is_reported(tools: Tools) -> None:
    with pytest.raises(Unavailable, match="unavailable: node is not installed"):
        tools.install()


def test_an_old_node_is_reported_with_the_needed_version(machine: Path, tools: Tools) -> None:
    program(machine, "node", "echo v18.20.4")
    with pytest.raises(Unavailable, match=r"Node is v18.20.4; 20.19 or later is needed$"):
        tools.install()


def test_an_unreachable_registry_is_reported_with_npms_message(machine: Path, tools: Tools) -> None:
    program(machine, "node", "echo v22.13.0")
    program(machine, "npm", "echo 'npm error getaddrinfo ENOTFOUND registry.npmjs.org' >&2; exit 1")
    with pytest.raises(Unavailable, match="npm ci failed: npm error getaddrinfo ENOTFOUND"):
        tools.install()
    assert not tools.installed.exists()


def test_installed_packages_are_not_installed_again(machine: Path, tools: Tools) -> None:
    program(machine, "node", "echo v22.13.0")
    program(machine, "npm", f"echo once >> {machine}/installations")
    for _ in range(2):
        tools.install()
    assert (machine / "installations").read_text() == "once\n"

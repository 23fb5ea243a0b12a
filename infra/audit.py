"""Look for known vulnerabilities of everything that is pinned: `python -m infra.audit`.

pip-audit calls everything well also where it could look up nothing, as behind a package index that serves no
advisories. Here that is told, and with `--require` it is a failure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

PINNED = (
    "requirements.txt",
    "requirements-local.txt",
    "requirements-dev.txt",
    "requirements-browser.txt",
    "requirements-uv.txt",
)
TIMEOUT = 300
"""Seconds."""

Audit = Callable[[str], list[dict[str, Any]]]


def pip_audit(file: str) -> list[dict[str, Any]]:
    """What pip-audit says of each pinned package.

    Raises:
        OSError, ValueError, subprocess.SubprocessError: it said nothing that can be read.
    """
    options = "--no-deps --disable-pip --vulnerability-service pypi --format json --progress-spinner off".split()
    command = [sys.executable, "-m", "pip_audit", "-r", file, *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return found


def main(arguments: Sequence[str] | None = None, audit: Audit = pip_audit) -> int:
    """0 if nothing is known against anything that could be looked up; 1 for a vulnerability."""
    parser = argparse.ArgumentParser(prog="python -m infra.audit", description=__doc__)
    parser.add_argument("--require", action="store_true", help="fail where something could not be looked up")
    options = parser.parse_args(arguments)
    packages: dict[str, dict[str, Any]] = {}
    for file in PINNED:
        try:
            packages |= {package["name"]: package for package in audit(file)}
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
            print(f"audit: {file} could not be audited: {type(problem).__name__}")
            return 1 if options.require else 0
    known = {name: package for name, package in packages.items() if package.get("vulns")}
    unknown = [name for name, package in packages.items() if "skip_reason" in package]
    for name, package in sorted(known.items()):
        ids = ", ".join(found["id"] for found in package["vulns"])
        print(f"audit: {name} {package['version']}: {ids}")
    if unknown:
        print(f"audit: skipped {len(unknown)} of {len(packages)} packages: the index serves no advisories for them")
    else:
        print(f"audit: {len(packages)} packages, {len(known)} with known vulnerabilities")
    return 1 if known or (unknown and options.require) else 0


if __name__ == "__main__":
    sys.exit(main())

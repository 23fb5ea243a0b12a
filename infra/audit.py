"""Checks all pinned packages for known vulnerabilities, and waivers for overdue reviews: `python -m infra.audit`.

pip-audit reports success even if it could look up no package, for example behind a package index without advisories.
This module prints a framed warning then, and fails with `--require`. An overdue waiver is printed in the same way,
but never fails, because a date must not break a build without a change.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from infra.waivers import Waiver, overdue, read_waivers

PINNED = (
    "requirements.txt",
    "requirements-local.txt",
    "requirements-dev.txt",
    "requirements-browser.txt",
    "requirements-uv.txt",
)
TIMEOUT = 300
"""Seconds."""
FRAME = "!" * 100

Audit = Callable[[str], list[dict[str, Any]]]


def pip_audit(file: str) -> list[dict[str, Any]]:
    """Returns pip-audit's result for each pinned package.

    Raises:
        OSError, ValueError, subprocess.SubprocessError: pip-audit printed no result that can be read.
    """
    options = "--no-deps --disable-pip --vulnerability-service pypi --format json --progress-spinner off".split()
    command = [sys.executable, "-m", "pip_audit", "-r", file, *options]
    process = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    packages: list[dict[str, Any]] = json.loads(process.stdout)["dependencies"]
    return packages


def main(
    arguments: Sequence[str] | None = None,
    audit: Audit = pip_audit,
    waivers: Sequence[Waiver] | None = None,
    today: dt.date | None = None,
) -> int:
    """Returns 0 if no vulnerability of a package is known, and 1 if one is known.

    With `--require` it also returns 1 if a package could not be looked up. Overdue waivers do not change the result.
    """
    parser = argparse.ArgumentParser(prog="python -m infra.audit", description=__doc__)
    parser.add_argument("--require", action="store_true", help="fail where something could not be looked up")
    options = parser.parse_args(arguments)
    late = list(overdue(read_waivers() if waivers is None else waivers, today or dt.datetime.now(dt.UTC).date()))
    if late:
        _loudly(f"audit: {len(late)} WAIVERS ARE OVERDUE FOR REVIEW (infra/waivers.toml)", *late)
    packages: dict[tuple[str, str], dict[str, Any]] = {}
    unread = False
    for file in PINNED:
        try:
            packages |= {(each["name"], each.get("version", "")): each for each in _require_packages(audit(file))}
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
            unread = True
            _loudly(
                f"audit: {file} could not be audited: {type(problem).__name__}",
                "audit: NOTHING IS KNOWN of the vulnerabilities of what it pins.",
            )
    vulnerable = {pin: package for pin, package in packages.items() if package.get("vulns")}
    unknown = [pin for pin, package in packages.items() if "skip_reason" in package]
    for (name, version), package in sorted(vulnerable.items()):
        ids = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        print(f"audit: {name} {version}: {ids}")
    looked_up = len(packages) - len(unknown)
    print(f"audit: {looked_up} of {len(packages)} packages looked up, {len(vulnerable)} with known vulnerabilities")
    if unknown:
        known_of = "NOTHING IS KNOWN" if not looked_up else f"NOTHING IS KNOWN of {len(unknown)} packages"
        _loudly(
            f"audit: {looked_up} OF {len(packages)} PACKAGES LOOKED UP: {known_of}.",
            "audit: the package index serves no advisories for the rest. Run this where pypi.org answers:",
            "audit:   .venv/bin/python -m infra.audit --require",
        )
    return 1 if vulnerable or ((unknown or unread) and options.require) else 0


def _require_packages(packages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not packages:
        raise ValueError("each of the files pins something")
    return packages


def _loudly(*lines: str) -> None:
    """Prints framed lines on standard error after all other output, so that they stand out in the output of `make
    lint`.
    """
    sys.stdout.flush()
    print(FRAME, *lines, FRAME, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

"""Compiles bytecode into the zip. Lambda cannot write bytecode, so each cold start would compile all imported
modules.

The bytecode is stored next to its source, and Python uses it without checking the source, because unpacking changes
the files' times. The gate checks that the bytecode is of the right Python and of this kind.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, cache_from_source, source_from_cache
from pathlib import Path

from infra.package import PackagingError

NEVER_LOADED = ("aws_lambda_powertools/event_handler/", "cffi/", "pycparser/", "stripe/events/", "stripe/params/")
"""Packages that no function imports. They are a third of all code."""

UNCHECKED = MAGIC_NUMBER + (1).to_bytes(4, "little")
"""The first bytes of bytecode that Python does not check against its source (https://peps.python.org/pep-0552/)."""

TIMEOUT = 300


def compile_all(root: Path) -> None:
    """Writes bytecode for all importable modules below `root`. Equal content gives equal bytes.

    Raises:
        PackagingError: a module cannot be compiled.
    """
    skip_pattern = rf"^{root}/({'|'.join(NEVER_LOADED)})"
    kind = ("--invalidation-mode", "unchecked-hash")
    completed = subprocess.run(
        [sys.executable, "-S", "-m", "compileall", "-q", *kind, "-x", skip_pattern, "-s", str(root), str(root)],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if completed.returncode != 0:
        raise PackagingError(f"This cannot be compiled:\n{completed.stdout[-2000:]}")


def bytecode_faults(root: Path) -> Iterator[str]:
    """Yields bytecode that Python would not use, and modules without bytecode."""
    for file in sorted(root.rglob("*.pyc")):
        if not _belongs_to_a_source(file) or not file.read_bytes().startswith(UNCHECKED):
            yield f"{file.relative_to(root)} would not be used by {sys.implementation.cache_tag}"
    for source in sorted(root.rglob("*.py")):
        name = source.relative_to(root).as_posix()
        if not name.startswith(NEVER_LOADED) and not Path(cache_from_source(str(source))).exists():
            yield f"{name} would be compiled by every cold start"


def _belongs_to_a_source(file: Path) -> bool:
    try:
        source = source_from_cache(str(file))
    except ValueError:  # not in __pycache__
        return False
    return Path(source).exists() and cache_from_source(source) == str(file)

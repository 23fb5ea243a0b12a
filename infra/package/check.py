"""The gate: a package that does not pass it is not deployed."""

from __future__ import annotations

from pathlib import Path

from infra.package import PackagingError
from infra.package.template_checks import template_faults
from infra.package.zip_checks import zip_faults
from infra.template.intrinsics import Json


def check(template: Json, archive: Path) -> None:
    """Judge a template and its zip.

    Raises:
        PackagingError: at least one rule is broken; the message names them all.
    """
    if faults := [*template_faults(template), *zip_faults(template, archive)]:
        raise PackagingError("\n".join(["This package must not be deployed:", *(f"- {fault}" for fault in faults)]))

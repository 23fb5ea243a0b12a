"""The gate: a package that does not pass it is not deployed."""

from __future__ import annotations

import json
from pathlib import Path

from cfnlint.api import lint

from infra.package import PackagingError, rules
from infra.package.sbom_checks import sbom_faults
from infra.package.zip_checks import zip_faults
from infra.template.intrinsics import Json


def check(template: Json, archive: Path) -> None:
    """Judge a template and its zip, with the bill of materials that lies beside the zip.

    Raises:
        PackagingError: at least one rule is broken; the message names them all.
    """
    if faults := [*template_faults(template), *sbom_faults(archive), *zip_faults(template, archive)]:
        raise PackagingError("\n".join(["This package must not be deployed:", *(f"- {fault}" for fault in faults)]))


def template_faults(template: Json) -> list[str]:
    """What cfn-lint finds in a template, by AWS's rules and by ours."""
    config = {"append_rules": [rules.__name__]}
    return [f"{fault.message} ({fault.rule.id})" for fault in lint(json.dumps(template), config=config)]

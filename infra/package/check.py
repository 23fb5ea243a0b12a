"""The gate: a package that fails it is not deployed."""

from __future__ import annotations

import json
from pathlib import Path

from cfnlint.api import lint

from infra.package import PackagingError, rules
from infra.package.sbom_checks import sbom_faults
from infra.package.zip_checks import zip_faults
from infra.template.intrinsics import Json


def check(template: Json, archive: Path) -> None:
    """Checks a template, its zip, and the bill of materials in the zip's directory.

    Raises:
        PackagingError: at least one rule is broken. The message lists all.
    """
    if faults := [*template_faults(template), *sbom_faults(archive), *zip_faults(template, archive)]:
        raise PackagingError("\n".join(["This package must not be deployed:", *(f"- {fault}" for fault in faults)]))


def template_faults(template: Json) -> list[str]:
    """Returns what cfn-lint reports for a template, by AWS's rules and ours."""
    config = {"append_rules": [rules.__name__]}
    return [f"{fault.message} ({fault.rule.id})" for fault in lint(json.dumps(template), config=config)]

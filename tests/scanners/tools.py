"""Runs the scanners, and returns the findings of each in a common form."""

from __future__ import annotations

import csv
import json
import platform
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.clients.npm import Tools

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHECKOV = ROOT / ".venv" / "scanners" / "bin" / "checkov"
"""The scanners' own environment, which `make scan` creates from requirements.txt in this directory."""
NODE_TOOLS = Tools(HERE)
GUARD = HERE / "node_modules" / "@cdklabs" / "cdk-validator-cfnguard"
TIMEOUT = 300
"""The seconds that a scanner may take."""

_RESOURCE = re.compile(r"/Resources/(\w+)")
_GUARD_RULE = re.compile(r"\[(CT\.[\w.]+)\]: ([^\\\n]+)")


@dataclass(frozen=True, order=True)
class Finding:
    """A rule that a resource breaks."""

    tool: str
    rule: str
    says: str
    resource: str


class ScannerFailed(Exception):
    """A scanner could not judge the template; the message says why."""


def checkov(template: Path) -> set[Finding]:
    """Returns the failed checks of checkov.

    Raises:
        ScannerFailed: checkov is not installed, or it judged nothing.
    """
    if not CHECKOV.exists():
        raise ScannerFailed("checkov is not installed: `make scan` installs it")
    options = ["--framework", "cloudformation", "--skip-download", "--quiet", "--compact", "-o", "json"]
    report_document = _json(_run([str(CHECKOV), *options, "-f", str(template)]))
    if not report_document.get("summary", {}).get("passed"):
        raise ScannerFailed(f"checkov passed nothing, so it judged nothing: {str(report_document)[:300]}")
    failed_checks = report_document["results"]["failed_checks"]
    return {
        Finding("checkov", each["check_id"], each["check_name"], each["resource"].rpartition(".")[2])
        for each in failed_checks
    }


def cdk_nag(template: Path) -> set[Finding]:
    """Returns what cdk-nag's AWS Solutions rules find.

    Raises:
        ScannerFailed: it wrote no report, or one in which nothing complies.
    """
    with TemporaryDirectory(prefix="pom-nag-") as out:
        completed = NODE_TOOLS.run_program(HERE / "nag.mjs", {"TEMPLATE": str(template), "OUT": out})
        reports = list(Path(out).glob("*-NagReport.csv"))
        if not reports:
            raise ScannerFailed(f"cdk-nag wrote no report: {completed.stderr[-1000:]}")
        rows = [row for report in reports for row in csv.DictReader(report.read_text().splitlines())]
    if not any(row["Compliance"] == "Compliant" for row in rows):
        raise ScannerFailed("cdk-nag found nothing that complies, so it judged nothing")
    return {
        Finding("cdk-nag", row["Rule ID"], row["Rule Info"], row["Resource ID"].rpartition("/")[2])
        for row in rows
        if row["Compliance"] != "Compliant"
    }


def cfn_guard(template: Path) -> set[Finding]:
    """Returns what breaks a rule of AWS Control Tower for the types of resources that the template has.

    Raises:
        ScannerFailed: cfn-guard ended without a verdict.
    """
    types = {each["Type"] for each in json.loads(template.read_text())["Resources"].values()}
    rules = sorted(file for file in GUARD.glob("rules/**/*.guard") if types & set(_quoted_strings(file.read_text())))
    program = GUARD / "bin" / "ubuntu" / platform.machine() / "cfn-guard"
    rule_options = [option for rule in rules for option in ("-r", str(rule))]
    output = ["--structured", "--output-format", "json", "--show-summary", "none"]
    [report_document] = _json(_run([str(program), "validate", *rule_options, "-d", str(template), *output]))
    if not report_document["compliant"]:
        raise ScannerFailed("cfn-guard found nothing that complies, so it judged nothing")
    return {finding for rule in report_document["not_compliant"] for finding in _guard_findings(json.dumps(rule))}


SCANNERS: Mapping[str, Callable[[Path], set[Finding]]] = {
    "checkov": checkov,
    "cdk-nag": cdk_nag,
    "cfn-guard": cfn_guard,
}


def _quoted_strings(text: str) -> list[str]:
    return re.findall(r'"(AWS::\w+::\w+)"', text)


def _guard_findings(rule: str) -> set[Finding]:
    rule_match = _GUARD_RULE.search(rule)
    if rule_match is None:
        raise ScannerFailed(f"cfn-guard names no rule: {rule[:300]}")
    return {Finding("cfn-guard", *rule_match.groups(), resource) for resource in _RESOURCE.findall(rule)}


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False).stdout


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as exc:
        raise ScannerFailed(f"no JSON, but {text[:300]!r}") from exc

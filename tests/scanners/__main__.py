"""`make scan`: packages a stage, runs three scanners, and shows each finding next to its waiver."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.local.real.fetching import Unavailable
from infra.ops.screen import Row, Screen, telling
from infra.package import ROOT, TEMPLATE
from infra.package.build import build, is_current
from infra.waivers import Waiver, read_waivers
from tests.infrastructure.cloudformation import transformed, with_uploaded_code
from tests.scanners.template import Json, with_conditions_resolved
from tests.scanners.tools import NODE_TOOLS, SCANNERS, Finding, ScannerFailed

HARDENED: Mapping[str, str] = {
    "DomainName": "api.pool-office.example",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/one",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "CodeSigningConfigArn": "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdef0",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/pom-stripe-boundary",
    "WebAcl": "block",
    "BackupCopyVaultArn": "arn:aws:backup:eu-west-1:123456789012:backup-vault:copies",
}
"""Every option of the template that makes a stage harder to break into, or easier to restore."""
VARIANTS: Mapping[str, Mapping[str, str]] = {"as it is by default": {}, "with every option": HARDENED}

Scan = Callable[[Path], set[Finding]]


def scan(template: Json, scanners: Mapping[str, Scan] = SCANNERS) -> list[Row]:
    """Returns one row for each rule that the variants of a translated template break.

    Raises:
        ScannerFailed: a scanner judged nothing.
    """
    finding_counts: Counter[tuple[str, str, str, str]] = Counter()
    with tempfile.TemporaryDirectory(prefix="pom-scan-") as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        files = {}
        for number, (variant, parameters) in enumerate(VARIANTS.items()):
            files[variant] = Path(scratch, f"{number}.json")
            files[variant].write_text(json.dumps(with_conditions_resolved(template, parameters), indent=1))
        runs = [(variant, pool.submit(judge, file)) for variant, file in files.items() for judge in scanners.values()]
        for variant, run in runs:
            finding_counts.update((each.tool, each.rule, each.says, variant) for each in run.result())
    rules = sorted({key[:3] for key in finding_counts})
    return [
        {
            "tool": tool,
            "rule": rule,
            "says": says,
            **{name: finding_counts[tool, rule, says, name] for name in VARIANTS},
        }
        for tool, rule, says in rules
    ]


def report(rows: Sequence[Row], waivers: Sequence[Waiver], screen: Screen) -> None:
    """Shows the findings. A finding without a waiver is a failure, and so is a waiver without a finding."""
    reasons = {(each.tool, each.rule): each for each in waivers if not each.where}
    rows_with_waivers = [{**row, "waiver": _waiver(reasons.get((row["tool"], row["rule"])))} for row in rows]
    columns = ("tool", "rule", *VARIANTS, "waiver")
    screen.table("findings", "Findings: resources that break a rule", rows_with_waivers, columns, _style)
    for row in rows_with_waivers:
        if not row["waiver"]:
            screen.failure(f"{row['tool']} {row['rule']} has no waiver: {row['says']}")
    waivers_used = {(row["tool"], row["rule"]) for row in rows}
    for tool, rule in sorted(key for key in reasons.keys() - waivers_used if key[0] in SCANNERS):
        screen.failure(f"The waiver of {tool} {rule} answers no finding: take it out of infra/waivers.toml")


def _waiver(waiver: Waiver | None) -> str:
    return f"until {waiver.review_by}: {waiver.reason}" if waiver else ""


def _style(row: Row) -> str:
    return "" if row["waiver"] else "bold red"


def main() -> int:
    """Returns the exit status: 1 if a finding has no waiver, or a waiver has no finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.scanners", description=__doc__)
    parser.add_argument("--stage", default="prod", choices=["dev", "prod"])
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON document instead of a table")
    options = parser.parse_args()
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of switches that only AWS has
    out = ROOT / "build" / options.stage
    with telling(Screen(options.as_json)) as screen:
        try:
            screen.step("Installing cdk-nag and cfn-guard")
            NODE_TOOLS.install()
            if not is_current(out, options.stage):
                screen.step(f"Packaging {options.stage}")
                build(options.stage, out)
            template = transformed(with_uploaded_code(json.loads((out / TEMPLATE).read_text())), HARDENED)
            screen.step("Scanning")
            report(scan(template), read_waivers(), screen)
        except (ScannerFailed, Unavailable) as error:
            screen.failure(str(error))
    return int(screen.failed)


if __name__ == "__main__":
    sys.exit(main())

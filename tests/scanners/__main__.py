"""`make scan`: package, translate, judge by three scanners, and show each finding beside its waiver."""

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
from tests.scanners.template import Json, decided
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
    found: Counter[tuple[str, str, str, str]] = Counter()
    with tempfile.TemporaryDirectory(prefix="pom-scan-") as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        files = {}
        for number, (variant, parameters) in enumerate(VARIANTS.items()):
            files[variant] = Path(scratch, f"{number}.json")
            files[variant].write_text(json.dumps(decided(template, parameters), indent=1))
        runs = [(variant, pool.submit(judge, file)) for variant, file in files.items() for judge in scanners.values()]
        for variant, run in runs:
            found.update((each.tool, each.rule, each.says, variant) for each in run.result())
    rules = sorted({key[:3] for key in found})
    return [
        {"tool": tool, "rule": rule, "says": says, **{name: found[tool, rule, says, name] for name in VARIANTS}}
        for tool, rule, says in rules
    ]


def told(rows: Sequence[Row], waivers: Sequence[Waiver], screen: Screen) -> None:
    """Show the findings; those without a waiver, and waivers that answer nothing, are failures."""
    reasons = {(each.tool, each.rule): each for each in waivers if not each.where}
    answered = [{**row, "waiver": _waiver(reasons.get((row["tool"], row["rule"])))} for row in rows]
    columns = ("tool", "rule", *VARIANTS, "waiver")
    screen.table("findings", "Findings: resources that break a rule", answered, columns, _style)
    for row in answered:
        if not row["waiver"]:
            screen.failure(f"{row['tool']} {row['rule']} has no waiver: {row['says']}")
    used = {(row["tool"], row["rule"]) for row in rows}
    for tool, rule in sorted(key for key in reasons.keys() - used if key[0] in SCANNERS):
        screen.failure(f"The waiver of {tool} {rule} answers no finding: take it out of infra/waivers.toml")


def _waiver(waiver: Waiver | None) -> str:
    return f"until {waiver.review_by}: {waiver.reason}" if waiver else ""


def _style(row: Row) -> str:
    return "" if row["waiver"] else "bold red"


def main() -> int:
    """Returns the exit status: 1 if something is open."""
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
            told(scan(template), read_waivers(), screen)
        except (ScannerFailed, Unavailable) as error:
            screen.failure(str(error))
    return int(screen.failed)


if __name__ == "__main__":
    sys.exit(main())

"""The command line: packages a stage, checks the package, and shows its contents."""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from zipfile import ZipFile

from infra.package import ROOT, RUNTIME, SBOM, TEMPLATE, ZIP, PackagingError
from infra.package.build import build
from infra.package.check import check
from infra.package.runtimes import runtime_text
from infra.package.zip_contents import sizes
from infra.template.intrinsics import Json

BIGGEST = 8


def report(template: Json, archive: Path) -> str:
    """Returns a summary of a package for people."""
    kinds = Counter(resource["Type"] for resource in template["Resources"].values())
    with ZipFile(archive) as contents:
        entries = contents.infolist()
    packed, unpacked = archive.stat().st_size, sum(entry.file_size for entry in entries)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    rows = [f"{sum(kinds.values()):5}  resources", *(f"{count:5}    {kind}" for kind, count in sorted(kinds.items()))]
    rows.insert(0, runtime_text(RUNTIME, dt.datetime.now(dt.UTC).date()))
    rows.append(
        f"{packed / 1e6:5.1f}  MB zip, {unpacked / 1e6:.1f} unpacked, {len(entries)} files, sha256 {digest[:16]}"
    )
    rows += [f"{size / 1e6:5.1f}    {name}" for name, size in sizes(archive).most_common(BIGGEST)]
    return "\n".join(rows)


def main() -> int:
    """Packages and checks a stage. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--stage", required=True, choices=["dev", "prod"])
    parser.add_argument("--out", required=True, type=Path, help="the directory to write to, such as build/dev")
    options = parser.parse_args()
    try:
        build(options.stage, options.out, ROOT)
        template = json.loads((options.out / TEMPLATE).read_text())
        print(report(template, options.out / ZIP))
        check(template, options.out / ZIP)
    except PackagingError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print(f"\nEvery check passed: {', '.join(str(options.out / name) for name in (TEMPLATE, ZIP, SBOM))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

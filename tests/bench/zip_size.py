"""The size of the deployed zip, its largest parts, and the packages that it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from rich import box
from rich.console import Console
from rich.table import Table

from infra.package import ROOT, ZIP
from infra.package.build import build, is_current
from infra.package.zip_checks import MAX_ZIP_BYTES
from infra.package.zip_contents import sizes
from tests.bench.figures import Figure, at_most, no_budget

STAGE = "dev"
MADE = tuple(ROOT / "build" / name for name in (STAGE, "test-package"))
"""The directory in which `make package` and the tests leave a package."""
BIGGEST = 10
MEGABYTE = 1024 * 1024


def measure() -> list[Figure]:
    """Measures a package of this code. Uses an existing one, or creates one, which needs the package index."""
    made = next((each for each in MADE if is_current(each, STAGE)), None)
    if made is None:
        [made, *_] = MADE
        build(STAGE, made)
    return list(_figures(made / ZIP))


def _figures(archive: Path) -> Iterator[Figure]:
    packed, unpacked = sizes(archive), _unpacked(archive)
    _show(packed, unpacked)
    ours = packed["chalicelib"] + packed["app.py"]
    size, whole = archive.stat().st_size / MEGABYTE, unpacked.total() / MEGABYTE
    biggest = ", ".join(f"{name} {size / MEGABYTE:.1f}" for name, size in packed.most_common(4))
    yield at_most("deployment zip", size, MAX_ZIP_BYTES / MEGABYTE, "MB", f"MB packed: {biggest}", is_count=True)
    yield no_budget("  unpacked", whole, "MB", "Lambda takes 250 MB")
    yield no_budget("  our own code in it", ours / MEGABYTE, "MB", "app.py and chalicelib, packed")


def _unpacked(archive: Path) -> Counter[str]:
    """Returns the bytes on a Lambda's disk, by the top-level name in the zip."""
    counted: Counter[str] = Counter()
    with ZipFile(archive) as contents:
        for entry in contents.infolist():
            counted[entry.filename.partition("/")[0]] += entry.file_size
    return counted


def _show(packed: Counter[str], unpacked: Counter[str]) -> None:
    table = Table(title="What fills the zip", title_justify="left", box=box.ROUNDED)
    for name in ("Package", "packed, MB", "unpacked, MB"):
        table.add_column(name, justify="left" if name == "Package" else "right")
    for name, size in packed.most_common(BIGGEST):
        table.add_row(name, f"{size / MEGABYTE:.2f}", f"{unpacked[name] / MEGABYTE:.2f}")
    Console().print(table)

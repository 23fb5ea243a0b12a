"""Removes unused files from the zip, and adds bytecode. Equal content gives equal bytes.

botocore contains the descriptions of every AWS service, 15 MB when packed. A client of a service outside SERVICES
cannot be created in Lambda: botocore raises UnknownServiceError. Tests check SERVICES against the code.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from infra.package.bytecode import compile_all

SERVICES = frozenset({"dynamodb", "events", "secretsmanager", "sqs", "sts"})
"""The services whose descriptions stay. botocore itself needs sts, for roles that a profile assumes."""
DESCRIPTIONS = "botocore/data/"
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644
LEVEL = 9


def is_used(name: str) -> bool:
    """Returns True if a file stays in the zip."""
    if name.startswith(DESCRIPTIONS):
        service, _, inside = name.removeprefix(DESCRIPTIONS).partition("/")
        return not inside or service in SERVICES
    return True


def repack(source: Path, target: Path) -> None:
    """Writes the used files of `source` and their bytecode to `target`, sorted by name, without times, highly
    packed.
    """
    with tempfile.TemporaryDirectory(prefix="pom-repacked-") as scratch:
        root = Path(scratch).resolve()
        with ZipFile(source) as full:
            full.extractall(root, [name for name in full.namelist() if is_used(name)])
        compile_all(root)
        files = {file.relative_to(root).as_posix(): file for file in root.rglob("*") if file.is_file()}
        with ZipFile(target, "w") as small:
            for name in sorted(files):
                entry = ZipInfo(name, EPOCH)
                entry.external_attr = FILE_MODE << 16
                entry.create_system = 3  # Unix, also if it is packed on another system
                small.writestr(entry, files[name].read_bytes(), ZIP_DEFLATED, LEVEL)


def sizes(archive: Path) -> Counter[str]:
    """Returns the packed bytes of each top-level entry of the zip."""
    bytes_by_name: Counter[str] = Counter()
    with ZipFile(archive) as contents:
        for entry in contents.infolist():
            bytes_by_name[entry.filename.partition("/")[0]] += entry.compress_size
    return bytes_by_name

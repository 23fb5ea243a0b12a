"""What of the zip is never used, and the zip without it, with bytecode: the same bytes for the same content.

botocore brings the descriptions of every AWS service, 15 MB of them packed. A client of a service that is not
in SERVICES cannot be made in Lambda: botocore says UnknownServiceError. Tests hold SERVICES to the code.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from infra.package.bytecode import compile_all

SERVICES = frozenset({"dynamodb", "events", "secretsmanager", "sqs", "sts"})
"""The services whose descriptions stay; sts is botocore's own, for roles that a profile assumes."""
DESCRIPTIONS = "botocore/data/"
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644
LEVEL = 9


def is_used(name: str) -> bool:
    """Whether a file of the zip stays in it."""
    if name.startswith(DESCRIPTIONS):
        service, _, inside = name.removeprefix(DESCRIPTIONS).partition("/")
        return not inside or service in SERVICES
    return True


def repack(source: Path, target: Path) -> None:
    """Write what is used of `source`, and its bytecode, to `target`: sorted by name, without times, packed small."""
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
                entry.create_system = 3  # Unix, wherever it is packed
                small.writestr(entry, files[name].read_bytes(), ZIP_DEFLATED, LEVEL)


def sizes(archive: Path) -> Counter[str]:
    """Packed bytes by what is at the zip's top."""
    bytes_by_name: Counter[str] = Counter()
    with ZipFile(archive) as contents:
        for entry in contents.infolist():
            bytes_by_name[entry.filename.partition("/")[0]] += entry.compress_size
    return bytes_by_name

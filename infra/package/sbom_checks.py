"""Rules for the bill of materials: it is valid CycloneDX, and names each package of this zip and no other.

The check does not reuse the builder's way: each file of the zip must belong to the application, to Chalice, or to the
RECORD of a package that the document names.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from infra.package import SBOM
from infra.template.intrinsics import Json

OURS = ("app.py", "chalicelib/", "chalice/")
"""The application's files, and Chalice's runtime, which has no metadata."""
NAME = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)\.dist-info/RECORD$")


def sbom_faults(archive: Path) -> Iterator[str]:
    """Yields the faults of the document in the zip's directory."""
    file = archive.with_name(SBOM)
    if not file.exists():
        yield f"there is no {SBOM} beside the zip: package again"
        return
    text = file.read_text()
    if (invalid := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)) is not None:
        yield f"{SBOM} is not valid CycloneDX 1.6: {str(invalid)[:500]}"
        return
    document = json.loads(text)
    yield from _of_this_zip(document, archive)
    yield from _components(document, archive)


def _of_this_zip(document: Json, archive: Path) -> Iterator[str]:
    digests = document.get("metadata", {}).get("component", {}).get("hashes", [])
    if {"alg": "SHA-256", "content": hashlib.sha256(archive.read_bytes()).hexdigest()} not in digests:
        yield f"{SBOM} is of another zip"


def _components(document: Json, archive: Path) -> Iterator[str]:
    components = {(each["name"], each.get("version")): each for each in document.get("components", ())}
    with ZipFile(archive) as contents:
        names = contents.namelist()
        records = {name: match for name in names if (match := NAME.match(name))}
        packaged = {(canonicalize_name(each["name"]), each["version"]) for each in records.values()}
        recorded_files = {
            row[0] for name in records for row in csv.reader(io.StringIO(contents.read(name).decode())) if row
        }
    without_chalice = {key for key in components if key[0] != "chalice"}
    yield from (f"{SBOM} does not name {name} {version}" for name, version in sorted(packaged - without_chalice))
    yield from (
        f"{SBOM} names {name} {version}, which is not in the zip" for name, version in without_chalice - packaged
    )
    if len(components) == len(without_chalice):
        yield f"{SBOM} does not name chalice"
    data = tuple(name.removesuffix(".dist-info/RECORD") + ".data/" for name in records)
    for name in names:
        if name not in recorded_files and not name.startswith((*OURS, *data)) and not name.endswith(".pyc"):
            yield f"{name} is in the zip and belongs to no package that {SBOM} names"
    for (name, version), each in components.items():
        if not any(reference.get("hashes") for reference in each.get("externalReferences", ())):
            yield f"{name} {version} has no digest: it is not in the lock"
        if not each.get("licenses"):
            yield f"{name} {version} has no licence in its metadata"

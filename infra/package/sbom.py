"""The bill of materials of the zip: a CycloneDX 1.6 document with each package in it, and the zip's own digest.

Names, versions, licences and dependencies come from the metadata in the zip. Digests come from the lock by which the
packages were installed. Equal zips and equal locks give equal documents.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from zipfile import Path as ZipPath
from zipfile import ZipFile

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import fixup_id
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.package import ROOT

LOCK = "requirements.txt"
RUNTIME_LOCK = ROOT / "requirements-local.txt"
"""Pins Chalice. `chalice package` puts Chalice's runtime into the zip without its metadata."""
CHALICE = "chalice"
DIRECT = "-r requirements.in"
"""uv's comment on a package that requirements.in names."""


def sbom(archive: Path, lock: Path) -> str:
    """Returns the document of a zip whose packages were installed by `lock`."""
    with ZipFile(archive) as contents:
        packages: dict[str, Distribution] = {canonicalize_name(each.name): each for each in packages_in(contents)}
        packages[CHALICE] = distribution(CHALICE)
        lock_entries = _lock_entries(lock.read_text()) | {CHALICE: _lock_entries(RUNTIME_LOCK.read_text())[CHALICE]}
        components = {name: _component(name, each, lock_entries.get(name, "")) for name, each in packages.items()}
        main = _application(archive)
        bom = Bom(components=components.values(), metadata=BomMetaData(component=main))
        for name, each in packages.items():
            dependencies = [components[other] for other in sorted(set(_requires(each)) & components.keys())]
            bom.register_dependency(components[name], dependencies)
    direct = [each for name, each in components.items() if name == CHALICE or DIRECT in lock_entries.get(name, "")]
    bom.register_dependency(main, direct)
    # The serial number and the time stamp must not vary between builds.
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, str(main.hashes[0].content))
    bom.metadata.timestamp = None  # type: ignore[assignment]  # the library then leaves it out
    document: str = JsonV1Dot6(bom).output_as_string(indent=2)
    return document + "\n"


def packages_in(contents: ZipFile) -> Iterator[Distribution]:
    """Yields each package with metadata in the zip."""
    for directory in ZipPath(contents).iterdir():
        if directory.name.endswith(".dist-info"):
            yield PathDistribution(directory)


def _application(archive: Path) -> Component:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return Component(
        name="pom-stripe",
        type=ComponentType.APPLICATION,
        bom_ref="pom-stripe",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )


def _component(name: str, package: Distribution, lock_entry: str) -> Component:
    """Returns a package's component. The digests in `lock_entry` are those of all files that the index offers."""
    digests = re.findall(r"--hash=sha256:([0-9a-f]{64})", lock_entry)
    reference = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{name}/{package.version}/"),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in digests],
    )
    purl = PackageURL("pypi", None, name, package.version)
    return Component(
        name=name,
        version=package.version,
        bom_ref=purl.to_string(),
        purl=purl,
        licenses=_licences(package.metadata.json),
        external_references=[reference] if digests else [],
    )


def _licences(metadata: Mapping[str, str | list[str]]) -> list[License]:
    """Returns the licence expression, or else the old field if it is an SPDX id, or else the classifiers."""
    make = LicenseFactory().make_from_string
    if expression := metadata.get("license_expression"):
        return [make(str(expression))]
    by_classifier = [
        each.rpartition(" :: ")[2] for each in metadata.get("classifier", ()) if each.startswith("License :: ")
    ]
    old_field = str(metadata.get("license", "")).strip()
    return [make(each) for each in ([old_field] if fixup_id(old_field) else by_classifier or [old_field]) if each]


def _requires(package: Distribution) -> Iterator[str]:
    """Yields the names of a package's requirements on this platform, with all extras."""
    extras = ["", *package.metadata.get_all("Provides-Extra", [])]
    for text in package.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": each}) for each in extras):
            yield canonicalize_name(requirement.name)


def _lock_entries(text: str) -> dict[str, str]:
    """Returns the entry of each package in a lock, by name."""
    paragraphs = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return {canonicalize_name(re.split(r"[=\[ ]", each)[0]): each for each in paragraphs}

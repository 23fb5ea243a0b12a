"""The bill of materials lists the contents of the zip, and the gate reports a bill that does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from infra.package import ROOT, SBOM, ZIP
from infra.package.sbom import sbom
from infra.package.sbom_checks import sbom_faults
from tests.infrastructure.conftest import Package

LOCK = (
    f"six==1.17.0 \\\n    --hash=sha256:{'a' * 64} \\\n    --hash=sha256:{'b' * 64}\n    # via -r requirements.in\n"
)
METADATA = "Metadata-Version: 2.1\nName: six\nVersion: 1.17.0\nLicense: MIT\n"
CONTENT = {
    "app.py": "",
    "chalice/app.py": "",
    "chalicelib/__init__.py": "",
    "six.py": "",
    "__pycache__/six.cpython-311.pyc": "",
    "six-1.17.0.dist-info/METADATA": METADATA,
    "six-1.17.0.dist-info/RECORD": "six.py,,\nsix-1.17.0.dist-info/METADATA,,\nsix-1.17.0.dist-info/RECORD,,\n",
}


def _packed(directory: Path, content: dict[str, str] = CONTENT) -> Path:
    with ZipFile(directory / ZIP, "w") as zip_file:
        for name, text in content.items():
            zip_file.writestr(name, text)
    (directory / "requirements.txt").write_text(LOCK)
    return directory / ZIP


def _documented(directory: Path) -> tuple[Path, dict[str, Any]]:
    archive = _packed(directory)
    text = sbom(archive, directory / "requirements.txt")
    (directory / SBOM).write_text(text)
    return archive, json.loads(text)


def test_a_package_has_its_version_its_licence_and_the_digests_of_the_lock(tmp_path: Path) -> None:
    archive, document = _documented(tmp_path)
    six = next(each for each in document["components"] if each["name"] == "six")
    assert (six["version"], six["purl"], six["licenses"]) == (
        "1.17.0",
        "pkg:pypi/six@1.17.0",
        [{"license": {"id": "MIT"}}],
    )
    [reference] = six["externalReferences"]
    assert [each["content"] for each in reference["hashes"]] == ["a" * 64, "b" * 64]
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert document["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert document["specVersion"] == "1.6"
    needs = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    assert "pkg:pypi/six@1.17.0" in needs["pom-stripe"]
    assert list(sbom_faults(archive)) == []


def test_the_same_zip_has_the_same_document(tmp_path: Path) -> None:
    archive, _ = _documented(tmp_path)
    assert sbom(archive, tmp_path / "requirements.txt") == (tmp_path / SBOM).read_text()


def _component(document: dict[str, Any], name: str) -> dict[str, Any]:
    component: dict[str, Any] = next(each for each in document["components"] if each["name"] == name)
    return component


SPOILED: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "another zip": ("of another zip", lambda d: d["metadata"]["component"]["hashes"][0].update(content="c" * 64)),
    "a package left out": ("does not name six 1.17.0", lambda d: d["components"].remove(_component(d, "six"))),
    "Chalice left out": ("does not name chalice", lambda d: d["components"].remove(_component(d, "chalice"))),
    "another version": ("names six 1.16.0, which is not", lambda d: _component(d, "six").update(version="1.16.0")),
    "a package too many": (
        "names left-pad 1, which is not",
        lambda d: d["components"].append({"type": "library", "name": "left-pad", "version": "1"}),
    ),
    "no digest": ("six 1.17.0 has no digest", lambda d: _component(d, "six").pop("externalReferences")),
    "no licence": ("six 1.17.0 has no licence", lambda d: _component(d, "six").pop("licenses")),
    "no CycloneDX": ("is not valid CycloneDX 1.6", lambda d: d.update(version="first")),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_the_gate_reports_each_fault_of_a_bill_of_materials(fault: str, tmp_path: Path) -> None:
    archive, document = _documented(tmp_path)
    expected_text, spoil = SPOILED[fault]
    spoil(document)
    (tmp_path / SBOM).write_text(json.dumps(document))
    assert any(expected_text in each for each in sbom_faults(archive))


def test_the_gate_finds_a_zip_without_a_document(tmp_path: Path) -> None:
    assert list(sbom_faults(_packed(tmp_path))) == ["there is no sbom.json beside the zip: package again"]


def test_the_gate_finds_a_file_that_belongs_to_no_package(tmp_path: Path) -> None:
    archive = _packed(tmp_path, {**CONTENT, "vendored/left_pad.py": ""})
    (tmp_path / SBOM).write_text(sbom(archive, tmp_path / "requirements.txt"))
    assert list(sbom_faults(archive)) == [
        "vendored/left_pad.py is in the zip and belongs to no package that sbom.json names"
    ]


@pytest.mark.package
def test_the_packaged_zip_has_a_document_that_names_the_pins_of_the_lock(package: Package) -> None:
    document = json.loads(package.archive.with_name(SBOM).read_text())
    lock = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-local.txt").read_text()
    for each in document["components"]:
        assert f"\n{each['name']}=={each['version']} " in lock
    assert list(sbom_faults(package.archive)) == []

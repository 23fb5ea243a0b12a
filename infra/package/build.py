"""Runs `chalice package` on a clean copy of the shipped files, and makes its zip smaller and reproducible."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.package import ROOT, SBOM, TEMPLATE, ZIP, PackagingError
from infra.package.runtimes import require_supported
from infra.package.sbom import LOCK, RUNTIME_LOCK, sbom
from infra.package.zip_contents import repack
from infra.template import merge_template
from infra.template.aliases import calling_aliases

SHIPPED = ("app.py", "chalicelib", LOCK)
CONFIGURATION = (".chalice/config.json", ".chalice/policy-*.json")
IGNORED_FILES = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
NO_WHEEL = "Could not install dependencies"
"""Chalice only prints this, and builds a zip without the dependency."""
TIMEOUT = 600
INPUTS = (
    "app.py",
    LOCK,
    RUNTIME_LOCK.name,
    ".chalice/*.json",
    "chalicelib/**/*.py",
    "infra/template/*.py",
    "infra/package/*.py",
)
FINGERPRINT = "fingerprint"
"""The file with the digest of a package's inputs. It exists only if the package is complete."""


def build(stage: str, out: Path, source: Path = ROOT) -> None:
    """Writes the template, the zip and the zip's bill of materials of `stage` to `out`.

    Raises:
        PackagingError: this Python is no supported runtime, or Chalice failed or left something out.
    """
    require_supported()
    digest = fingerprint(stage, source)
    (out / FINGERPRINT).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="pom-package-") as scratch:
        project, packaged = Path(scratch, "project"), Path(scratch, "packaged")
        _copy(source, project)
        merge_file = Path(scratch, "merge.json")
        merge_file.write_text(json.dumps(merge_template()))
        _chalice_package(stage, project, merge_file, packaged)
        out.mkdir(parents=True, exist_ok=True)
        template = calling_aliases(json.loads((packaged / TEMPLATE).read_text()))
        (out / TEMPLATE).write_text(json.dumps(template, indent=2) + "\n")
        repack(packaged / ZIP, out / ZIP)
        (out / SBOM).write_text(sbom(out / ZIP, source / LOCK))
    (out / FINGERPRINT).write_text(digest)


def fingerprint(stage: str, source: Path = ROOT) -> str:
    """Returns a digest of all inputs of a package."""
    digest = hashlib.sha256(f"{stage} {sys.version}".encode())
    for pattern in INPUTS:
        for file in sorted(source.glob(pattern)):
            digest.update(f"\0{file.relative_to(source)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def is_current(out: Path, stage: str) -> bool:
    """Returns True if the package in `out` was built from the current inputs."""
    fingerprint_file = out / FINGERPRINT
    return fingerprint_file.exists() and fingerprint_file.read_text() == fingerprint(stage, ROOT)


def _copy(source: Path, project: Path) -> None:
    """Copies only the shipped files, so that no compiled file, test or local state changes the zip or its digest."""
    (project / ".chalice").mkdir(parents=True)
    for name in SHIPPED:
        if (source / name).is_dir():
            shutil.copytree(source / name, project / name, ignore=IGNORED_FILES)
        else:
            shutil.copy(source / name, project / name)
    for pattern in CONFIGURATION:
        for file in source.glob(pattern):
            shutil.copy(file, project / ".chalice" / file.name)


def _chalice_package(stage: str, project: Path, merge_file: Path, packaged: Path) -> None:
    program = "import sys; from chalice.cli import main; sys.exit(main())"
    options = ["--stage", stage, "--template-format", "json", "--merge-template", str(merge_file)]
    completed = subprocess.run(
        [sys.executable, "-B", "-c", program, "package", *options, str(packaged)],
        cwd=project,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    output = completed.stdout + completed.stderr
    if NO_WHEEL in output:
        raise PackagingError(f"A dependency has no wheel for Lambda, or the package index did not answer:\n{output}")
    if f"policy-{stage}.json" in output:
        raise PackagingError(
            "A function of the application has no policy of its own: enter it in chalicelib/functions.py, and run "
            f"`python -m infra.chalice_files`.\n{output[-300:]}"
        )
    if completed.returncode != 0:
        raise PackagingError(f"chalice package failed:\n{output[-4000:]}")


def _environment() -> dict[str, str]:
    """Returns the environment without variables of AWS, because a package must not depend on the caller's account."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return variables | {
        "AWS_DEFAULT_REGION": "us-east-1",  # Chalice needs a region, but does not write it into the package
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }

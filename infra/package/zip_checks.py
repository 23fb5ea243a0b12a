"""Rules for the zip: its contents, and whether every function starts from it and works with its settings.

The zip contains machine code for Lambda's processor. On another processor, each such file is replaced, in an unpacked
copy, by the file of the same package and version that is installed here. All other files are the zip's own.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import ZipFile

from chalicelib.functions import AUTHORIZER
from infra.package import FUNCTION, probe
from infra.package.bytecode import bytecode_faults
from infra.package.trials import ISOLATED_ENVIRONMENT, Trial, trials_of
from infra.template.intrinsics import Json, function_id

Faults: TypeAlias = Iterator[str]

MAX_ZIP_BYTES = 20 * 1024 * 1024
"""Bytes of the packed zip. Lambda accepts 50 MB, but every cold start loads the zip."""
NEVER_SHIPPED = ("infra/", "tests/", "docs/", ".chalice/", "pip/", "setuptools/", "moto/", "pytest/", "boto3/")
MACHINES = {183: "aarch64", 62: "x86_64"}
"""Processors by the number in an ELF header."""
LAMBDA_MACHINE = "aarch64"
PROBE_TIMEOUT = 120


def zip_faults(template: Json, archive: Path) -> list[str]:
    """Returns all faults of a template's zip."""
    with unpacked(archive) as root:
        machine_problems = [*machine_faults(root), *make_runnable(root)]
        faults = [*_size(archive), *content_faults(root), *bytecode_faults(root), *machine_problems]
        return faults if machine_problems else [*faults, *start_faults(template, root)]


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Yields a directory with the zip's files, which is deleted after the block."""
    with tempfile.TemporaryDirectory(prefix="pom-unpacked-") as scratch:
        root = Path(scratch).resolve()
        with ZipFile(archive) as contents:
            contents.extractall(root)
        yield root


def _size(archive: Path) -> Faults:
    size = archive.stat().st_size
    if size > MAX_ZIP_BYTES:
        yield f"the zip has {size / 1e6:.1f} MB, more than {MAX_ZIP_BYTES / 1e6:.1f}: prune its biggest packages"


def content_faults(root: Path) -> Faults:
    """Yields files that must not be in the zip, and required files that are missing."""
    names = [str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()]
    for name in names:
        if name.startswith(NEVER_SHIPPED):
            yield f"the zip has {name}, which does not belong in it"
    yield from (f"the zip has no {name}" for name in ("app.py", "chalice/app.py") if name not in names)


def machine_faults(root: Path) -> Faults:
    """Yields machine code that Lambda cannot run."""
    for file in _libraries(root):
        if (machine := _processor(file)) != LAMBDA_MACHINE:
            yield f"{file.relative_to(root)} is for {machine}, and Lambda runs {LAMBDA_MACHINE}"


def _libraries(root: Path) -> list[Path]:
    return sorted(root.rglob("*.so")) + sorted(root.rglob("*.so.*"))


def _processor(file: Path) -> str:
    with file.open("rb") as binary:
        header = binary.read(20)
    number = int.from_bytes(header[18:20], "little")
    return MACHINES.get(number, f"machine {number}") if header.startswith(b"\x7fELF") else "no ELF machine"


def make_runnable(root: Path) -> Faults:
    """Replaces the machine code by that of this host. Yields the files that cannot be replaced."""
    if platform.machine() == LAMBDA_MACHINE:
        return
    owners = _owners(root)
    for file in _libraries(root):
        place = file.relative_to(root)
        owner = owners.get(str(place))
        if owner is None:
            yield f"{place} belongs to no package in the zip"
            continue
        try:
            installed = distribution(owner.metadata["Name"])
        except ModuleNotFoundError:
            yield f"{owner.metadata['Name']} is not installed here, so its machine code cannot be exchanged"
            continue
        if installed.version != owner.version:
            name = owner.metadata["Name"]
            yield f"{name} is {owner.version} in the zip and {installed.version} here: install the lock"
            continue
        file.unlink()
        _copy_library(installed, place, root)


def _owners(root: Path) -> dict[str, Distribution]:
    owners: dict[str, Distribution] = {}
    for info in root.glob("*.dist-info"):
        package = PathDistribution(info)
        for row in csv.reader((info / "RECORD").read_text().splitlines()):
            owners[row[0]] = package
    return owners


def _copy_library(installed: Distribution, place: Path, root: Path) -> None:
    stem = place.name.partition(".")[0]
    for file in installed.files or ():
        if Path(file).parent == place.parent and file.name.partition(".")[0] == stem and file.suffix == ".so":
            shutil.copy(str(installed.locate_file(file)), root / place.parent / file.name)


@dataclass(frozen=True)
class Probe:
    """One start of a new interpreter in the unpacked zip."""

    name: str
    environment: dict[str, str]
    arguments: tuple[str, ...]
    trials: tuple[Trial, ...] = ()


def probe_of(template: Json, name: str) -> Probe:
    """Returns how a function of the template is started, and its trials."""
    function = template["Resources"][name]["Properties"]
    settings = "load_token_config" if name == function_id(AUTHORIZER) else "load_config"
    environment = deployed_environment(template, function) | ISOLATED_ENVIRONMENT
    return Probe(name, environment, ("handler", function["Handler"], settings), trials_of(name))


def start_faults(template: Json, root: Path) -> Faults:
    """Starts every function separately, one on each processor. Yields the faults."""
    functions = [name for name, resource in template["Resources"].items() if resource["Type"] == FUNCTION]
    probes = [probe_of(template, name) for name in functions]
    probes.append(Probe("the zip", deployed_environment(template, {}), ("everything",)))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for faults in pool.map(lambda each: list(probe_faults(root, each)), probes):
            yield from faults


def probe_faults(root: Path, started_probe: Probe) -> Faults:
    """Yields the faults of one interpreter. -I and -S exclude the packages of this environment and of the user."""
    completed = subprocess.run(
        [sys.executable, "-I", "-S", "-B", probe.__file__, str(root), *started_probe.arguments],
        cwd=root,
        env=started_probe.environment,
        input=json.dumps([trial.event for trial in started_probe.trials]),
        capture_output=True,
        text=True,
        timeout=PROBE_TIMEOUT,
        check=False,
    )
    if completed.returncode != 0:
        arguments = " ".join(started_probe.arguments)
        yield f"{started_probe.name} does not start from the zip ({arguments}):\n{completed.stderr[-2000:]}"
        return
    result = json.loads(completed.stdout.splitlines()[-1])
    if result["foreign"]:
        yield f"{started_probe.name} needs files that the zip does not have: {', '.join(result['foreign'][:5])}"
    for trial, outcome in zip(started_probe.trials, result["outcomes"], strict=True):
        if not re.search(trial.expected, outcome):
            name = started_probe.name
            yield f"{name} does not get as far as {trial.expected} with {trial.event}, but {outcome[:2000]}"


def deployed_environment(template: Json, function: Json) -> dict[str, str]:
    """Returns a function's environment in Lambda: parameters' defaults, and a URL for values known only when
    deployed.
    """
    parameters = template.get("Parameters", {})
    shared_variables = template.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
    own_variables = function.get("Environment", {}).get("Variables", {})
    return {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "probe",
        "AWS_SECRET_ACCESS_KEY": "probe",
        "AWS_LAMBDA_FUNCTION_NAME": "probe",
        "LAMBDA_TASK_ROOT": "/var/task",
        **{
            name: _environment_value(value, parameters)
            for name, value in {**shared_variables, **own_variables}.items()
        },
    }


def _environment_value(value: Any, parameters: Json) -> str:
    if isinstance(value, str):
        return value
    parameter = parameters.get(value.get("Ref"), {})
    return str(parameter.get("Default", "https://known-when-deployed.example.com"))

"""Which Python the functions are packaged for, and whether SnapStart may be switched on with it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from chalicelib.functions import API_HANDLER, AUTHORIZER
from infra.deploy.settings import StageSettings, faults
from infra.package import ROOT, PackagingError
from infra.package.runtimes import DEPRECATED_ON, require_supported, runtime_text
from infra.template import merge_template
from infra.template.intrinsics import function_id
from infra.template.snapstart import OFF, ON, SNAPSTART, snapstart_parameters

LIFECYCLES = json.loads((files("cfnlint") / "data" / "AdditionalSpecs" / "LmbdRuntimeLifecycle.json").read_text())
"""AWS's dates, as its linter of templates has them."""


@pytest.mark.parametrize("runtime", DEPRECATED_ON)
def test_the_days_of_deprecation_are_those_in_cfn_lint(runtime: str) -> None:
    assert DEPRECATED_ON[runtime].isoformat() == LIFECYCLES[runtime]["deprecated"]
    require_supported(runtime)


@pytest.mark.parametrize("runtime", ["python3.10", "python3.14"])
def test_packaging_with_another_python_is_refused_and_names_the_right_version(runtime: str) -> None:
    with pytest.raises(PackagingError, match=rf"{runtime} is not supported.*3\.11, 3\.12, 3\.13.*PYTHON="):
        require_supported(runtime)


def test_packaging_prints_until_when_its_runtime_gets_patches() -> None:
    last = DEPRECATED_ON["python3.11"]
    assert runtime_text("python3.11", last - dt.timedelta(days=1)) == "python3.11, which AWS patches until 2027-06-30"
    assert "package with a later Python" in runtime_text("python3.11", last)


def test_snapstart_is_off_by_default_and_not_available_for_python_3_11() -> None:
    for runtime, allowed_values in {"python3.11": [OFF], "python3.12": [OFF, ON], "python3.13": [OFF, ON]}.items():
        parameter = snapstart_parameters(runtime)[SNAPSTART]
        assert (parameter["Default"], parameter["AllowedValues"]) == (OFF, allowed_values)


def test_only_functions_behind_the_api_start_from_snapshots() -> None:
    properties = {name: each.get("Properties", {}) for name, each in merge_template()["Resources"].items()}
    assert {name: each["SnapStart"] for name, each in properties.items() if "SnapStart" in each} == {
        function_id(name): {"ApplyOn": {"Ref": SNAPSTART}} for name in (API_HANDLER, AUTHORIZER)
    }


def test_a_stage_with_a_value_that_the_template_does_not_allow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(  # type: ignore[call-overload]
        vars(sys.modules["infra.deploy.settings"])["PARAMETERS"],
        SNAPSTART,
        snapstart_parameters("python3.11")[SNAPSTART],
    )
    settings = StageSettings("s", "123456789012", "us-east-1", "b", {SNAPSTART: ON})
    [fault] = [each for each in faults("dev", settings) if each.startswith(SNAPSTART)]
    assert fault.startswith(f"{SNAPSTART} is not what the template takes, which is {OFF}:")


def _make(directory: Path, python: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "Makefile", directory)
    command = ["make", "same-python", f"PYTHON={python}"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def test_make_reports_an_environment_of_another_python_version(tmp_path: Path) -> None:
    assert _make(tmp_path, sys.executable).returncode == 0, "there is no environment yet"
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    own = tmp_path / ".venv" / "bin" / "python"
    own.write_text("#!/bin/sh\necho 3.1\n")
    own.chmod(0o755)
    completed = _make(tmp_path, sys.executable)
    assert completed.returncode != 0
    assert f".venv was made with Python 3.1, and {sys.executable} is Python " in completed.stderr
    own.unlink()
    own.symlink_to(sys.executable)
    assert _make(tmp_path, sys.executable).returncode == 0

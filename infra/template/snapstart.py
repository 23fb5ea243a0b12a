"""SnapStart: a new execution environment of a function starts from a snapshot of its initialized state.

It serves published versions and their aliases only (https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html).
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.functions import Function
from infra.package import RUNTIME
from infra.package.runtimes import WITHOUT_SNAPSTART
from infra.template.intrinsics import Json, ref

SNAPSTART = "SnapStart"
OFF, ON = "None", "PublishedVersions"
"""The values that Lambda defines."""


def snapstart_parameters(runtime: str = RUNTIME) -> Mapping[str, Json]:
    """Returns the parameter that switches SnapStart on. It allows only OFF on a runtime without SnapStart."""
    return {
        SNAPSTART: {
            "Type": "String",
            "Default": OFF,
            "AllowedValues": [OFF] if runtime in WITHOUT_SNAPSTART else [OFF, ON],
            "Description": f"{ON}: the API starts from snapshots, which AWS charges for; on Python 3.12 and later",
        }
    }


def snapstart(function: Function) -> Json:
    """Returns the SnapStart property of a function that API Gateway invokes, because only there a caller waits."""
    return {"SnapStart": {"ApplyOn": ref(SNAPSTART)}} if function.trigger is None else {}

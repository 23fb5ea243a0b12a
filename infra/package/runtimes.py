"""The supported runtimes of Lambda."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from infra.package import RUNTIME, PackagingError

DEPRECATED_ON: Mapping[str, dt.date] = {
    "python3.11": dt.date(2027, 6, 30),
    "python3.12": dt.date(2028, 10, 31),
    "python3.13": dt.date(2029, 6, 30),
}
"""The supported runtimes, with the day on which AWS stops to patch each. One month later no function can be created
with it, and some weeks later none can be updated (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html).
"""

WITHOUT_SNAPSTART = frozenset({"python3.11"})
"""Runtimes without SnapStart, which needs Python 3.12
(https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html).
"""


def require_supported(runtime: str = RUNTIME) -> None:
    """Raises PackagingError if this runtime is not supported."""
    if runtime not in DEPRECATED_ON:
        versions = ", ".join(name.removeprefix("python") for name in DEPRECATED_ON)
        raise PackagingError(
            f"The functions are packaged for the Python that packages them, and {runtime} is not supported: remove "
            f".venv, and name one of {versions}, as in `make package PYTHON=python3.13`."
        )


def runtime_text(runtime: str, today: dt.date) -> str:
    """Returns the runtime and its deprecation date as text."""
    day = DEPRECATED_ON[runtime]
    if today >= day:
        return f"{runtime}, which AWS does not patch any more since {day}: package with a later Python"
    return f"{runtime}, which AWS patches until {day}"

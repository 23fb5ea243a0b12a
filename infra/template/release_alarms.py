"""The alarms on functions that crash. `releases` rolls a release back when one of them fires."""

from __future__ import annotations

from typing import Final

from chalicelib.functions import AUTHORIZER, FUNCTIONS
from infra.template.alarms import Alarm, Grade, in_portions, sum_of
from infra.template.intrinsics import camel
from infra.template.measures import LAMBDA, STACK, aws_metric

FEWEST_ERRORS = 3
"""AWS repeats a tick that times out once, so a short slowness of one function counts as two errors."""
UNWATCHED: Final = frozenset({AUTHORIZER, "canary"})
"""API Gateway expects the authorizer to refuse a token by an error, so any caller can cause such errors. If the
authorizer crashes, the API responds with a 5xx, which has an alarm. The canary has its own alarm.
"""

_ERRORS = [
    aws_metric(LAMBDA, "Errors", f"{STACK}-{function.aws_name}", "Sum", camel(function.name))
    for function in FUNCTIONS
    if function.name not in UNWATCHED
]

RELEASE_ALARMS = tuple(
    Alarm(
        name,
        f"Functions crashed or timed out {FEWEST_ERRORS} times or more in 5 minutes.",
        Grade.TICKET,
        "function-errors.md",
        some,
        threshold=FEWEST_ERRORS,
        comparison=">=",
        period=300,
        expression=sum_of(some),
    )
    for name, some in in_portions("FunctionErrors", _ERRORS)
)

FUNCTION_ERRORS: Final = tuple(alarm.name for alarm in RELEASE_ALARMS)
"""The names of these alarms. One alarm covers ten functions."""

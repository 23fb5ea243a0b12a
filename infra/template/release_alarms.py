"""The alarms on functions that crash. A release is rolled back by them (`releases`)."""

from __future__ import annotations

from typing import Final

from chalicelib.functions import AUTHORIZER, FUNCTIONS
from infra.template.alarms import Alarm, Grade, in_portions, sum_of
from infra.template.intrinsics import camel
from infra.template.measures import LAMBDA, STACK, aws_metric

FEWEST_ERRORS = 3
"""A tick that times out is tried once more, so that a slow moment of one function is two errors."""
UNWATCHED: Final = frozenset({AUTHORIZER, "canary"})
"""The authorizer refuses a token by an error, as API Gateway wants it, so strangers make those. If it crashes, the
API answers with a 5xx. The canary has an alarm of its own."""

_ERRORS = [
    aws_metric(LAMBDA, "Errors", f"{STACK}-{function.aws_name}", "Sum", camel(function.name))
    for function in FUNCTIONS
    if function.name not in UNWATCHED
]

RELEASE_ALARMS = tuple(
    Alarm(
        name,
        f"In 5 minutes functions crashed or timed out {FEWEST_ERRORS} times or more.",
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
"""The names of these alarms. One takes ten functions."""

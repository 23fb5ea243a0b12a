"""The alarm on functions that crash. A release is rolled back by it (`releases`)."""

from __future__ import annotations

from typing import Final

from chalicelib.functions import AUTHORIZER, FUNCTIONS
from infra.template.alarms import Alarm, Grade, sum_of
from infra.template.intrinsics import camel
from infra.template.measures import LAMBDA, STACK, aws

FUNCTION_ERRORS: Final = "FunctionErrors"
FEWEST_ERRORS = 3
"""A tick that times out is tried once more, so that a slow moment of one function is two errors."""
UNWATCHED: Final = frozenset({AUTHORIZER, "canary"})
"""The authorizer refuses a token by an error, as API Gateway wants it, so strangers make those. If it crashes, the
API answers with a 5xx. The canary has an alarm of its own."""

_ERRORS = {
    f"f{number}": aws(LAMBDA, "Errors", f"{STACK}-{function.aws_name}", "Sum", camel(function.name))
    for number, function in enumerate(each for each in FUNCTIONS if each.name not in UNWATCHED)
}

RELEASE_ALARMS = (
    Alarm(
        FUNCTION_ERRORS,
        f"In 5 minutes functions crashed or timed out {FEWEST_ERRORS} times or more.",
        Grade.TICKET,
        "function-errors.md",
        _ERRORS,
        threshold=FEWEST_ERRORS,
        comparison=">=",
        period=300,
        expression=sum_of(_ERRORS),
    ),
)

"""Rules for values that the SDK's types do not contain: lengths, addresses, metadata, time filters."""

from __future__ import annotations

import re
from typing import Any

from ..errors import InvalidParams

_EMAIL = re.compile(r"^[^@\s\"(),:;<>\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+$")


def email(value: str | None) -> None:
    """Raises InvalidParams unless the value looks like an e-mail address and has at most 512 characters.

    https://docs.stripe.com/api/customers/create
    """
    if not value:
        return
    if len(value) > 512 or not _EMAIL.match(value) or ".." in value:
        raise InvalidParams(f"Invalid email address: {value}", param="email", code="email_invalid")


def length(params: dict[str, Any], limits: dict[str, int]) -> None:
    """Raises InvalidParams for a top-level string that is too long."""
    for key, limit in limits.items():
        value = params.get(key)
        if isinstance(value, str) and len(value) > limit:
            raise InvalidParams(f"Invalid string: {value[:20]}…; must be at most {limit} characters", param=key)


def metadata(current: dict[str, str], change: Any, param: str = "metadata") -> dict[str, str]:
    """Returns metadata after a change. An empty string removes a key, or all keys.

    Raises InvalidParams beyond Stripe's limits (https://docs.stripe.com/api/metadata).
    """
    if change is None:
        return current
    if change == "":
        return {}
    new_metadata = dict(current)
    for key, value in change.items():
        if len(key) > 40:
            raise InvalidParams("Metadata keys can have up to 40 characters", param=f"{param}[{key}]")
        if len(value) > 500:
            raise InvalidParams("Metadata values can have up to 500 characters", param=f"{param}[{key}]")
        if value == "":
            new_metadata.pop(key, None)
        else:
            new_metadata[key] = value
    if len(new_metadata) > 50:
        raise InvalidParams("Metadata can have up to 50 keys", param=param)
    return new_metadata


def within(value: int | None, bounds: Any) -> bool:
    """Returns True if a timestamp passes a `created` or `due_date` filter: a number, or a dict of gt, gte, lt and
    lte.
    """
    if bounds is None:
        return True
    if value is None:
        return False
    if isinstance(bounds, int):
        return value == bounds
    tests = {"gt": value.__gt__, "gte": value.__ge__, "lt": value.__lt__, "lte": value.__le__}
    return all(bool(tests[op](bound)) for op, bound in bounds.items())

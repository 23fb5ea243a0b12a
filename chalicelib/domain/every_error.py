"""All errors of one request, told together: the first is raised, and carries the others.

A rule stays a function that returns a value or raises one error. A check of a whole request is a generator that tries
the rules one after the other and yields what they raise:

    def errors_of_order(order: Order) -> Iterator[IntegrationError]:
        yield from errors_of(days_of_terms, order.payment_terms)
        yield from errors_of(minor_units, order.tax, order.currency, field="tax")

    raise_all(errors_of_order(order))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec

from chalicelib.domain.errors import IntegrationError, Malformed, NotFound, Refused

MAX_ERRORS = 50
"""An answer names at most this many errors. A large body can hold thousands, and nobody reads those."""

P = ParamSpec("P")


def errors_of(rule: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Iterator[IntegrationError]:
    """Yields what the rule says against these arguments; nothing if it accepts them."""
    try:
        rule(*args, **kwargs)
    except (Malformed, NotFound, Refused) as error:
        yield from all_of(error)


def all_of(error: IntegrationError) -> tuple[IntegrationError, ...]:
    """Returns the error and those that it carries."""
    return (error, *error.others)


def raise_all(errors: Iterable[IntegrationError]) -> None:
    """Raises the first of these errors, with the others attached. Returns if there are none."""
    each = iter(errors)
    first = next(each, None)
    if first is not None:
        attach(first, each)
        raise first


def attach(first: IntegrationError, others: Iterable[IntegrationError]) -> None:
    """Lets `first` carry the others, each once.

    No error is looked for beyond the first `MAX_ERRORS`, so that a hostile body costs no more than a wrong one.
    """
    told = {_key(each): each for each in all_of(first)}
    for error in others:
        if len(told) >= MAX_ERRORS and _key(error) not in told:
            first.more = True
            break
        told.setdefault(_key(error), error)
        first.more |= error.more
    first.others = tuple(told.values())[1:]


def _key(error: IntegrationError) -> tuple[str, str, str | None]:
    return error.code, error.message, error.field

"""All errors of one request, told together: the first is raised, and carries the others.

A rule stays a function that returns a value or raises one error. `EveryError` tries the rules of a request one after
the other and keeps their values:

    every = EveryError()
    with every:
        days = days_of_terms(order.payment_terms)
    with every:
        tax = minor_units(order.tax, order.currency, field="tax")
    every.raise_first()

Where nobody wants the values, a generator yields what the rules raise:

    raise_all(errors_of(require_customer_id, customer_id))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import ParamSpec

from chalicelib.domain.errors import IntegrationError, Malformed, NotFound, Refused

MAX_ERRORS = 50
"""An answer names at most this many errors. A large body can hold thousands, and nobody reads those."""

FAULTS_OF_A_REQUEST = (Malformed, NotFound, Refused)
"""Errors that are told together. Any other error ends the check at once."""

P = ParamSpec("P")


class ErrorCollector(AbstractContextManager["ErrorCollector"]):
    """Gathers what rules say against one request. Each `with` block tries one of them."""

    _first: IntegrationError | None = None
    full = False
    """True if there are more errors than are told, so that nothing needs to be tried any more."""

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> bool:
        """Keeps the error of a rule, so that the next one is tried."""
        if not isinstance(error, FAULTS_OF_A_REQUEST):
            return False
        self.add(error)
        return True

    def add(self, error: IntegrationError) -> None:
        """Adds an error, with those that it carries."""
        if self._first is None:
            self._first = error
        else:
            attach(self._first, errors_in(error))
        self.full = self._first.more

    def raise_first(self) -> None:
        """Raises the first error, with the others attached. If there is none, each block has come to its end."""
        if self._first is not None:
            raise self._first


def errors_raised_by(rule: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Iterator[IntegrationError]:
    """Yields what the rule says against these arguments; nothing if it accepts them."""
    try:
        rule(*args, **kwargs)
    except FAULTS_OF_A_REQUEST as error:
        yield from errors_in(error)


def errors_in(error: IntegrationError) -> tuple[IntegrationError, ...]:
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
    told = {_key(each): each for each in errors_in(first)}
    for error in others:
        if len(told) >= MAX_ERRORS and _key(error) not in told:
            first.more = True
            break
        told.setdefault(_key(error), error)
        first.more |= error.more
    first.others = tuple(told.values())[1:]


def _key(error: IntegrationError) -> tuple[str, str, str | None]:
    return error.code, error.message, error.field

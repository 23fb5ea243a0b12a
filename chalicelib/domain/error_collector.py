"""Collects all errors of one request, so that they are reported together: the first is raised and carries the others.

A rule stays a function that returns a value or raises one error. `ErrorCollector` runs the rules of a request one
after the other and keeps their values:

    collector = ErrorCollector()
    with collector:
        days = days_of_terms(order.payment_terms)
    with collector:
        tax = minor_units(order.tax, order.currency, field="tax")
    collector.raise_first()

Where the values are not needed, a generator yields the errors that the rules raise:

raise_all(errors_raised_by(require_customer_id, customer_id))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import ParamSpec

from chalicelib.domain.errors import IntegrationError, Malformed, NotFound, Refused

MAX_ERRORS = 50
"""The number of errors that a response names at most. A large body can have thousands, which nobody would read."""

FAULTS_OF_A_REQUEST = (Malformed, NotFound, Refused)
"""Errors that are reported together. Any other error ends the check at once."""

P = ParamSpec("P")


class ErrorCollector(AbstractContextManager["ErrorCollector"]):
    """Collects the errors of the rules for one request. Each `with` block runs one rule."""

    _first: IntegrationError | None = None
    full = False
    """True if the maximum is reached, so that no further rule needs to run."""

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> bool:
        """Keeps the error of a rule, so that the next rule runs."""
        if not isinstance(error, FAULTS_OF_A_REQUEST):
            return False
        self.add(error)
        return True

    def add(self, error: IntegrationError) -> None:
        """Adds an error, with the errors attached to it."""
        if self._first is None:
            self._first = error
        else:
            attach(self._first, errors_in(error))
        self.full = self._first.more

    def raise_first(self) -> None:
        """Raises the first error with the others attached. Returns if there is none; then every block ran to its
        end.
        """
        if self._first is not None:
            raise self._first


def errors_raised_by(rule: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Iterator[IntegrationError]:
    """Yields the errors that the rule raises for these arguments. Yields nothing if the rule accepts them."""
    try:
        rule(*args, **kwargs)
    except FAULTS_OF_A_REQUEST as error:
        yield from errors_in(error)


def errors_in(error: IntegrationError) -> tuple[IntegrationError, ...]:
    """Returns the error and the errors attached to it."""
    return (error, *error.others)


def raise_all(errors: Iterable[IntegrationError]) -> None:
    """Raises the first of these errors, with the others attached. Returns if there are none."""
    each = iter(errors)
    first = next(each, None)
    if first is not None:
        attach(first, each)
        raise first


def attach(first: IntegrationError, others: Iterable[IntegrationError]) -> None:
    """Attaches the other errors to `first`, each one once.

    Stops after `MAX_ERRORS` errors, so that a hostile body costs no more than a wrong one.
    """
    errors_by_key = {_key(each): each for each in errors_in(first)}
    for error in others:
        if len(errors_by_key) >= MAX_ERRORS and _key(error) not in errors_by_key:
            first.more = True
            break
        errors_by_key.setdefault(_key(error), error)
        first.more |= error.more
    first.others = tuple(errors_by_key.values())[1:]


def _key(error: IntegrationError) -> tuple[str, str, str | None]:
    return error.code, error.message, error.field

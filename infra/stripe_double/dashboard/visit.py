"""One request to the pages of one account, and the types of pages and form actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..control.controls import Controls
from ..objects.call import Call
from ..state.ledger import Ledger


class InvalidInput(Exception):
    """An input of a form is refused. It holds a sentence, and the name of the input to correct."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


@dataclass
class Problem:
    """The reason why a form was refused. The form shows it next to the input `name`, if the form still is on the
    page.
    """

    act: str
    message: str
    name: str = ""
    displayed: bool = False


@dataclass
class Visit:
    """One request to a page of an account. The world's lock is held while it is served."""

    controls: Controls
    ledger: Ledger
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None

    @property
    def platform(self) -> str:
        """The name of the application that the account may be connected to."""
        return self.controls.config.application_name

    @property
    def account(self) -> str:
        """The id of the account."""
        return self.ledger.id

    def url(self, path: str = "") -> str:
        """Returns the address of a page of the account."""
        return address(self.ledger, path)

    def call(self, object_id: str, **params: Any) -> Call:
        """Returns the call that a handler of the API takes, as if the owner's own key had made it.

        The handler is called directly, so that injected faults and rate limits, which are for programs that call the
        API, do not affect the owner's buttons.
        """
        world = self.controls.world
        return Call(world, self.ledger, params, {"id": object_id}, self.ledger.livemode, False)

    def problem_of_form(self, act: str, of: str = "") -> Problem | None:
        """Returns the problem of the form with this action and this object, and marks it as displayed; None if it has
        none.
        """
        problem = self.problem
        if problem is None or problem.act != act or self.form.get("of", "") != of:
            return None
        problem.displayed = True
        return problem


@dataclass(frozen=True)
class Page:
    """A page: its heading, and its HTML."""

    title: str
    body: str


@dataclass(frozen=True)
class FormAction:
    """The action of a form, and the message after it. `do` returns the path to redirect to, or None for the same
    page.
    """

    do: Callable[[Visit, str], str | None]
    message: str


Show = Callable[[Visit, str], Page]
"""A function that makes a page from a visit and the id in the path. The id is empty if the path has none."""


def address(ledger: Ledger, path: str = "") -> str:
    """Returns the address of a page of an account, in the form of Stripe's Dashboard."""
    mode = "" if ledger.livemode else "/test"
    return f"/{ledger.id}{mode}/{path}".rstrip("/")

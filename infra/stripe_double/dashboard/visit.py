"""One request to the pages of one account, and what a module of pages has to offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..control.controls import Controls
from ..objects.call import Call
from ..state.ledger import Ledger


class InvalidInput(Exception):
    """What was typed is refused: a sentence, and the name of the input to correct."""

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


@dataclass
class Problem:
    """Why an act was refused. The form that was sent shows it beside the input `name`, if it still is on the page."""

    act: str
    message: str
    name: str = ""
    displayed: bool = False


@dataclass
class Visit:
    """What a page is made from. The world's lock is held."""

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
        """Returns what a handler of the API takes, as the owner's own key would call it.

        The handler is called without the API around it, so that the faults and the rate limits of programs that call
        the API do not hit the owner's buttons.
        """
        world = self.controls.world
        return Call(world, self.ledger, params, {"id": object_id}, self.ledger.livemode, False)

    def problem_of_form(self, act: str, of: str = "") -> Problem | None:
        """Returns why the form of this act, `of` this object, was refused, and marks it as shown."""
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
    """What a form does, and the sentence to say then. `do` returns the path to go to, or None to stay."""

    do: Callable[[Visit, str], str | None]
    message: str


Show = Callable[[Visit, str], Page]
"""Makes a page from a visit and the id in its address, which is empty if the address has none."""


def address(ledger: Ledger, path: str = "") -> str:
    """Returns the address of a page of an account, as Stripe's Dashboard has it."""
    mode = "" if ledger.livemode else "/test"
    return f"/{ledger.id}{mode}/{path}".rstrip("/")

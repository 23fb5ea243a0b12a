"""What a handler is given, and how it is entered in the table of routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..state.ledger import JSON, Ledger
from ..state.world import World


@dataclass
class Call:
    """One authenticated, validated request on one ledger."""

    world: World
    ledger: Ledger
    params: JSON
    args: dict[str, str]
    livemode: bool
    through_platform: bool

    @property
    def id(self) -> str:
        """The object id in the path."""
        return self.args["id"]


@dataclass(frozen=True)
class Route:
    """A method and path template, the SDK's parameter type, and the function that plays it."""

    method: str
    template: str
    params: str | None
    handle: Callable[[Call], JSON]

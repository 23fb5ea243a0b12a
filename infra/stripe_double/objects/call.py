"""The request that a handler is given, and the route that leads to it."""

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
        """Returns the `{id}` of the path."""
        return self.args["id"]


@dataclass(frozen=True)
class Route:
    """A method, a path template, the name of the SDK's type for its parameters, and the handler."""

    method: str
    template: str
    params: str | None
    handle: Callable[[Call], JSON]

"""The request that a handler receives, and the route that leads to the handler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..state.ledger import JSON, Ledger
from ..state.world import World


@dataclass
class Call:
    """One authenticated request with checked parameters, on one ledger."""

    world: World
    ledger: Ledger
    params: JSON
    args: dict[str, str]
    livemode: bool
    through_platform: bool

    @property
    def id(self) -> str:
        """The `{id}` of the path."""
        return self.args["id"]


@dataclass(frozen=True)
class Route:
    """A method, a path template, the name of the SDK's type for the parameters, and the handler."""

    method: str
    template: str
    params: str | None
    handle: Callable[[Call], JSON]

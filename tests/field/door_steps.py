"""Steps in which an event that Stripe signed has unexpected content."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.world import World


class DoorSteps:
    """Part of `Play`."""

    world: World

    def odd_webhook(self, at: str, value: Any = "", times: int | None = None, **told: Any) -> None:
        """Stripe sends an event like `webhook` does, with `value` in one place, or with `times` of it in a row.

        `at` names the place: `id`, or `data.object.metadata.pom_customer_id`.
        """
        event = json.loads(self._event(**told))
        *way, last = at.split(".")
        holder = event
        for name in way:
            holder = holder.setdefault(name, {})
        holder[last] = value if times is None else value * times
        self._post_signed(json.dumps(event))

    def undated_webhook(self, created: str, **told: Any) -> None:
        """Stripe sends an event like `webhook` does; its `created` is this piece of JSON."""
        self._post_signed(self._event(**told, created="$$moment").replace('"$moment"', created))

    def raise_error_while(self, word: str, then: dict[str, dict[str, Any]]) -> None:
        """POM's own code raises a `KeyError` of this word whenever it stores an invoice, while `then` happens."""
        stores = self.world.ports.invoices
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stores, "apply", _failing(word))
            self.play([then])

    # Parts of `Play`

    def play(self, steps: list[dict[str, dict[str, Any]]]) -> None:
        raise NotImplementedError

    def _event(self, **told: Any) -> str:
        raise NotImplementedError

    def _post_signed(self, body: str) -> None:
        raise NotImplementedError


def _failing(word: str) -> Callable[..., Any]:
    def fails(*_: Any, **__: Any) -> Any:
        raise KeyError(word)

    return fails

"""What a client has seen of a thing that it is about to replace, and whether that is still what is stored.

An edit tag names everything of a thing that clients can write. Changes that POM's own workers make to the rest, such
as the status of a sync, leave it as it is. So such a change is no conflict with a client that edits the thing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol

from chalicelib.domain.errors import PreconditionFailed
from chalicelib.domain.identifiers import digest


class Editable(Protocol):
    """A thing that clients replace as a whole."""

    @property
    def edit_tag(self) -> str:
        """Names what clients can write of this thing."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """The thing has to exist, and to be as one of `edit_tags` names it. With None, any thing that exists will do."""

    edit_tags: frozenset[str] | None

    def require(self, stored: Editable | None, wanted: str | None = None) -> None:
        """Returns if the stored thing is as the client has seen it. `stored` is None if there is no such thing.

        Returns as well if the stored thing has the edit tag `wanted`, because then it is already as the request has
        it: a request that is repeated because its answer was lost meets its own success (RFC 9110, 13.1.1).

        Raises:
            PreconditionFailed: it is not; the error has the stored thing.
        """
        if stored is None:
            raise PreconditionFailed(
                "There is nothing to replace.",
                None,
                next_step="Check the id. To make a new one, leave `If-Match` out.",
            )
        if self.edit_tags is not None and stored.edit_tag not in {*self.edit_tags, wanted}:
            raise PreconditionFailed("Somebody has changed this since it was loaded. Nothing was saved.", stored)


def edit_tag_of(written: Mapping[str, object]) -> str:
    """Returns the edit tag of these values: 26 letters, the same in every process."""
    return digest("edit", json.dumps(written, sort_keys=True, default=_plain))


def values_of(thing: Any, *left_out: str) -> dict[str, object]:
    """Returns the fields of a dataclass by their names, except those that are left out."""
    return {each.name: getattr(thing, each.name) for each in fields(thing) if each.name not in left_out}


def _plain(value: object) -> object:
    """Returns what stands in JSON for a value of the domain: amounts and days are texts there."""
    return values_of(value) if is_dataclass(value) else str(value)

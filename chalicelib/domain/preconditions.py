"""Preconditions of a change: whether an object is still as the client read it.

An edit tag covers everything of an object that clients can write. Changes that POM's own workers make to other
fields, such as the status of a sync, leave the tag unchanged. So they do not conflict with a client that edits the
object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Protocol

from chalicelib.domain.errors import PreconditionFailed
from chalicelib.domain.identifiers import digest


class Editable(Protocol):
    """An object that clients replace as a whole."""

    @property
    def edit_tag(self) -> str:
        """Returns the tag of all that clients can write of this object."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """Requires that the object exists and has one of `edit_tags`. If that is None, any existing object is
    accepted.
    """

    edit_tags: frozenset[str] | None

    def require(self, stored: Editable | None, resulting_tag: str | None = None) -> None:
        """Checks that the stored object is as the client read it. `stored` is None if there is no such object.

        Also accepts an object with `resulting_tag`, the edit tag that the request would give it. A request
        that is repeated because its response was lost succeeds in this way (RFC 9110, 13.1.1).

        Raises:
            PreconditionFailed: the object has changed. The error has the stored object.
        """
        if stored is None:
            raise PreconditionFailed(
                "There is nothing to replace.",
                None,
                next_step="Check the id. To make a new one, leave `If-Match` out.",
            )
        if self.edit_tags is not None and stored.edit_tag not in {*self.edit_tags, resulting_tag}:
            raise PreconditionFailed("Somebody has changed this since it was loaded. Nothing was saved.", stored)


def edit_tag_of(written: Mapping[str, object]) -> str:
    """Returns the edit tag of these values: 26 letters, the same in every process."""
    return digest("edit", json.dumps(written, sort_keys=True, default=_plain))


def values_of(thing: Any, *left_out: str) -> dict[str, object]:
    """Returns the fields of a dataclass by their names, except those that are left out."""
    return {each.name: getattr(thing, each.name) for each in fields(thing) if each.name not in left_out}


def _plain(value: object) -> object:
    """Returns the JSON form of a domain value: amounts and days are texts."""
    return values_of(value) if is_dataclass(value) else str(value)

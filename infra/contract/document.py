"""The documents of the contract as they are now, and as they were reviewed last."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.contract import comparison, message_comparison
from infra.contract.schemas import Change, Json

DOCS = Path(__file__).resolve().parents[2] / "docs"


@dataclass(frozen=True)
class Document:
    """A document that is made from the code, and kept in `docs` as it was reviewed last."""

    name: str
    make: Callable[[], Json]
    compare: Callable[[Json, Json], Iterable[Change]]

    @property
    def file(self) -> Path:
        """Where the document is kept."""
        return DOCS / self.name

    def current(self) -> Json:
        """Returns the document that the routes and models of this tree make."""
        made: Json = msgspec.json.decode(msgspec.json.encode(self.make()))
        return made

    def reviewed(self) -> Json:
        """Returns the document that is kept in `docs`."""
        kept: Json = json.loads(self.file.read_text())
        return kept

    def changes(self, document: Json) -> list[Change]:
        """Returns every change from the kept document to this one, the breaking ones first."""
        return [*self.compare(self.reviewed(), document)] if self.file.exists() else []


def text(document: Json) -> str:
    """Returns a document as it is kept: one line for each value, so that a change is a line of a review."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _openapi() -> Json:
    from chalicelib.api import blueprints
    from chalicelib.api.http.route_table import ROUTES
    from chalicelib.api.openapi_document import document

    assert blueprints, "importing it registers the routes"
    return document(ROUTES)


def _asyncapi() -> Json:
    from chalicelib.api.asyncapi_document import document

    return document()


API = Document("openapi.json", _openapi, comparison.changes)
EVENTS = Document("asyncapi.json", _asyncapi, message_comparison.changes)
DOCUMENTS = (API, EVENTS)

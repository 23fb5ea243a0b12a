"""The documents of the contract: as the code generates them now, and as they were reviewed last."""

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
    """A document that is generated from the code. `docs` has the version that was reviewed last."""

    name: str
    make: Callable[[], Json]
    compare: Callable[[Json, Json], Iterable[Change]]

    @property
    def file(self) -> Path:
        """Returns the path of the reviewed document."""
        return DOCS / self.name

    def current(self) -> Json:
        """Returns the document that the present routes and models generate."""
        document: Json = msgspec.json.decode(msgspec.json.encode(self.make()))
        return document

    def reviewed(self) -> Json:
        """Returns the document in `docs`."""
        document: Json = json.loads(self.file.read_text())
        return document

    def changes(self, document: Json) -> list[Change]:
        """Returns every change from the document in `docs` to this one, the breaking changes first."""
        return [*self.compare(self.reviewed(), document)] if self.file.exists() else []


def text(document: Json) -> str:
    """Returns a document as the text of its file, with one line for each value, so that a review shows each
    change.
    """
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

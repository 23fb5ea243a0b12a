"""The API's document as it is now, and as it was reviewed last."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from infra.contract.schemas import Json

FILE = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
"""The document as it was reviewed last."""


def current() -> Json:
    """Returns the document that the routes and models of this tree make."""
    from chalicelib.api import blueprints
    from chalicelib.api.http.table import ROUTES
    from chalicelib.api.openapi_document import document

    assert blueprints, "importing it registers the routes"
    made: Json = msgspec.json.decode(msgspec.json.encode(document(ROUTES)))
    return made


def reviewed() -> Json:
    """Returns the document that is kept in `docs`."""
    kept: Json = json.loads(FILE.read_text())
    return kept


def text(document: Json) -> str:
    """Returns a document as it is kept: one line for each value, so that a change is a line of a review."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

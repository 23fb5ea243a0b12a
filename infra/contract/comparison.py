"""Compares two OpenAPI documents of this API, and decides which changes break a client."""

from __future__ import annotations

from collections.abc import Iterator

from infra.contract.schemas import Change, Json, SchemaComparison, Side


def changes(before: Json, after: Json) -> list[Change]:
    """Returns every change that a generated client can notice, the breaking ones first.

    Wording is not compared: descriptions and examples may always be improved.
    """
    return sorted(set(_all(before, after)), key=lambda each: (not each.breaking, each.where, each.what))


def _all(before: Json, after: Json) -> Iterator[Change]:
    schemas = SchemaComparison(_schemas(before), _schemas(after))
    for name in _schemas(before).keys() - _schemas(after).keys():
        yield Change(True, name, "is gone; generated types have its name")
    old, new = _operations(before), _operations(after)
    for label in old.keys() - new.keys():
        yield Change(True, label, "is gone")
    for label in new.keys() - old.keys():
        yield Change(False, label, "is new")
    for label in old.keys() & new.keys():
        yield from _of_operation(label, old[label], new[label], schemas)


def _of_operation(label: str, old: Json, new: Json, schemas: SchemaComparison) -> Iterator[Change]:
    if old["operationId"] != new["operationId"]:
        yield Change(True, label, f"is called {new['operationId']}; generated functions have its name")
    if old.get("security") != new.get("security"):
        yield Change(bool(new.get("security")), label, "takes another kind of access")
    yield from _of_parameters(label, old, new, schemas)
    yield from _of_body(label, old, new, schemas)
    yield from _of_responses(label, old, new, schemas)


def _of_parameters(label: str, old: Json, new: Json, schemas: SchemaComparison) -> Iterator[Change]:
    had, has = _parameters(old), _parameters(new)
    for name in had.keys() - has.keys():
        yield Change(True, f"{label} {name}", "is gone")
    for name in has.keys() - had.keys():
        yield Change(bool(has[name].get("required")), f"{label} {name}", "is new")
    for name in had.keys() & has.keys():
        if has[name].get("required") and not had[name].get("required"):
            yield Change(True, f"{label} {name}", "is required")
        yield from schemas.changes(had[name]["schema"], has[name]["schema"], Side.REQUEST, f"{label} {name}")


def _of_body(label: str, old: Json, new: Json, schemas: SchemaComparison) -> Iterator[Change]:
    had, has = old.get("requestBody"), new.get("requestBody")
    if had is None and has is not None:
        yield Change(bool(has.get("required")), label, "takes a body")
    elif had is not None and has is None:
        yield Change(True, label, "takes no body")
    elif had is not None and has is not None:
        yield from _of_content(label, had["content"], has["content"], Side.REQUEST, schemas)


def _of_responses(label: str, old: Json, new: Json, schemas: SchemaComparison) -> Iterator[Change]:
    had, has = old["responses"], new["responses"]
    for status in had.keys() - has.keys():
        yield Change(not _is_error(status), label, f"no longer answers {status}")
    for status in has.keys() - had.keys():
        yield Change(not _is_error(status), label, f"may answer {status}")
    for status in had.keys() & has.keys():
        was, now = (each[status].get("content", {}) for each in (had, has))
        yield from _of_content(f"{label} {status}", was, now, Side.RESPONSE, schemas)


def _of_content(label: str, had: Json, has: Json, side: Side, schemas: SchemaComparison) -> Iterator[Change]:
    for kind in had.keys() - has.keys():
        yield Change(True, label, f"is no longer had as {kind}")
    for kind in has.keys() - had.keys():
        yield Change(False, label, f"can be had as {kind}")
    for kind in had.keys() & has.keys():
        yield from schemas.changes(had[kind]["schema"], has[kind]["schema"], side, label)


def _schemas(document: Json) -> Json:
    schemas: Json = document["components"]["schemas"]
    return schemas


def _operations(document: Json) -> dict[str, Json]:
    shared_responses = document["components"].get("responses", {})
    return {
        f"{method.upper()} {path}": operation
        | {
            "responses": {
                status: _without_reference(each, shared_responses) for status, each in operation["responses"].items()
            }
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _without_reference(response: Json, shared_responses: Json) -> Json:
    return shared_responses[response["$ref"].rpartition("/")[2]] if "$ref" in response else response


def _parameters(operation: Json) -> dict[str, Json]:
    return {f"{each['in']} {each['name']}": each for each in operation.get("parameters", ())}


def _is_error(status: str) -> bool:
    """Returns True for the status of an error. Clients handle errors by their code, for every request."""
    return int(status) >= 400

"""Compares two AsyncAPI documents of the bus, and decides which changes break a consumer."""

from __future__ import annotations

from collections.abc import Iterator

from infra.contract.schemas import Change, Json, SchemaComparison, Side


def changes(before: Json, after: Json) -> list[Change]:
    """Returns every change that a consumer can notice, the breaking ones first.

    A consumer only reads. Wording is not compared: descriptions and examples may always be improved.
    """
    return sorted(set(_all(before, after)), key=lambda each: (not each.breaking, each.where, each.what))


def _all(before: Json, after: Json) -> Iterator[Change]:
    old, new = before["components"], after["components"]
    schemas = SchemaComparison(old["schemas"], new["schemas"])
    for name in old["schemas"].keys() - new["schemas"].keys():
        yield Change(True, name, "is gone; generated types have its name")
    yield from _of_channels(before["channels"], after["channels"])
    had, has = old["messages"], new["messages"]
    for name in had.keys() - has.keys():
        yield Change(True, name, "is gone")
    for name in has.keys() - had.keys():
        yield Change(False, name, "is new")
    for name in had.keys() & has.keys():
        if had[name]["contentType"] != has[name]["contentType"]:
            yield Change(True, name, f"is {has[name]['contentType']}, which was {had[name]['contentType']}")
        yield from schemas.changes(had[name]["payload"], has[name]["payload"], Side.RESPONSE, name)


def _of_channels(had: Json, has: Json) -> Iterator[Change]:
    for name in had.keys() - has.keys():
        yield Change(True, f"channel {name}", "is gone")
    for name in has.keys() - had.keys():
        yield Change(False, f"channel {name}", "is new")
    for name in had.keys() & has.keys():
        for message in had[name]["messages"].keys() - has[name]["messages"].keys():
            yield Change(True, f"channel {name}", f"no longer has {message}")
        for message in has[name]["messages"].keys() - had[name]["messages"].keys():
            yield Change(False, f"channel {name}", f"has {message}")

"""Pages of lists, newest first (https://docs.stripe.com/api/pagination)."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import InvalidParams, NoSuchObject
from ..state.ledger import JSON
from ..state.render import as_list, render
from .call import Call
from .rules import within


def page(call: Call, oldest_first: Iterable[JSON], url: str, *, kind: str) -> JSON:
    """Returns one page of rendered objects, from objects that are already filtered."""
    page_items, has_more = cut_page(call.params, list(oldest_first)[::-1], kind)
    return as_list(url, [render(call.ledger, o) for o in page_items], has_more)


def cut_page(params: JSON, newest_first: list[JSON], kind: str) -> tuple[list[JSON], bool]:
    """Returns the requested page, and True if there are more objects in its direction."""
    limit = min(max(params.get("limit", 10), 1), 100)  # Stripe refuses no other limit, as recorded
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise InvalidParams("Received both starting_after and ending_before parameters. Please pass in only one.")
    if after:
        items = newest_first[_position(newest_first, after, kind, "starting_after") + 1 :]
        return items[:limit], len(items) > limit
    if before:
        items = newest_first[: _position(newest_first, before, kind, "ending_before")]
        return items[-limit:], len(items) > limit
    return newest_first[:limit], len(newest_first) > limit


def _position(items: list[JSON], object_id: str, kind: str, param: str) -> int:
    for index, item in enumerate(items):
        if item["id"] == object_id:
            return index
    raise NoSuchObject(kind, object_id, param, status=400)


def filter_by_created(call: Call, items: Iterable[JSON]) -> Iterable[JSON]:
    """Yields the items that pass the request's `created` filter."""
    bounds = call.params.get("created")
    return (i for i in items if within(i["created"], bounds))


def filter_by_fields(call: Call, items: Iterable[JSON], *names: str) -> Iterable[JSON]:
    """Yields the items whose fields equal those of the named parameters that the request has."""
    values_by_field = {n: call.params[n] for n in names if n in call.params}
    return (i for i in items if all(i.get(n) == v for n, v in values_by_field.items()))

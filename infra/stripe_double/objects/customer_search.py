"""Searches customers by e-mail, ignoring case (https://docs.stripe.com/search).

Only the query `email:'…'` is supported. A new or changed address is found `Config.search_lag` seconds later. Accounts
in India have no search.
"""

from __future__ import annotations

import re

from ..errors import InvalidParams, NotModelled
from ..state.ledger import JSON, Ledger
from ..state.render import render
from .call import Call, Route
from .lists import cut_page

_EMAIL = re.compile(r"""\s*email:\s*(?P<quote>['"])(?P<value>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)\s*""")
_ADDRESSES = "_addresses"


def index_address(customer: JSON, now: float) -> None:
    """Records the time since which a customer has its e-mail address."""
    address_history = customer.setdefault(_ADDRESSES, [])
    if not address_history or address_history[-1][1] != customer["email"]:
        customer[_ADDRESSES] = [*address_history, (now, customer["email"])]


def search(call: Call) -> JSON:
    """Handles GET /v1/customers/search."""
    if call.ledger.account.get("country") == "IN":
        raise InvalidParams("Search is not supported for accounts in India.")
    if call.params.get("page"):
        raise NotModelled("the parameter page of a search", "page")
    query_match = _EMAIL.fullmatch(call.params["query"])
    if query_match is None:
        raise NotModelled(f"the search query {call.params['query']}", "query")
    address = re.sub(r"\\(.)", r"\1", query_match["value"]).casefold()
    indexed_until = call.world.now() - call.world.config.search_lag
    customers = [c for c in _living(call.ledger) if (_indexed_address(c, indexed_until) or "").casefold() == address]
    page_items, has_more = cut_page({"limit": call.params.get("limit", 10)}, customers[::-1], "customer")
    return {
        "object": "search_result",
        "data": [render(call.ledger, each) for each in page_items],
        "has_more": has_more,
        "next_page": None,
        "url": "/v1/customers/search",
    }


def _living(ledger: Ledger) -> list[JSON]:
    return [each for each in ledger.tables.get("customer", {}).values() if not each.get("_deleted")]


def _indexed_address(customer: JSON, until: float) -> str | None:
    """Returns the customer's address in the search index; None if the index does not have it yet."""
    address_history: list[tuple[float, str | None]] = customer.get(_ADDRESSES, [])
    return next((address for at, address in reversed(address_history) if at <= until), None)


ROUTES = [Route("GET", "/v1/customers/search", "CustomerSearchParams", search)]

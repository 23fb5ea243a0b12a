"""Stripe's lists, from the first page to the last (https://docs.stripe.com/api/pagination)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import msgspec

from chalicelib.adapters.stripe.client import Answer, Asking, on_account, read
from chalicelib.adapters.stripe.errors import translated
from chalicelib.adapters.stripe.objects.fields import Stub
from chalicelib.domain.identifiers import StripeAccountId

PAGE = 100
"""The most entries that Stripe puts on a page."""

T = TypeVar("T")
Fact = TypeVar("Fact", covariant=True)


class HasFact(Protocol[Fact]):
    """One of our readings of Stripe's objects: it returns the fact that the object holds."""

    def fact(self, as_of: int) -> Fact: ...


class Listed(msgspec.Struct):
    """A page of a list."""

    data: list[msgspec.Raw]
    has_more: bool = False


class Paging(Asking):
    """Asks Stripe for the next page of a list when all entries of the page before it are read."""

    def _facts(
        self, method: Any, model: type[HasFact[Fact]], account_id: StripeAccountId, query: dict[str, Any]
    ) -> Iterator[Fact]:
        for each, as_of in self._all(method, model, account_id, query):
            yield each.fact(as_of)

    def _all(
        self, method: Any, model: type[T], account_id: StripeAccountId, query: dict[str, Any]
    ) -> Iterator[tuple[T, int]]:
        """Each entry, and the second by Stripe's clock at which its page was asked for."""
        for page, as_of in self._pages(method, account_id, query):
            for raw in page.data:
                yield read(raw, model), as_of

    def _lines(self, model: type[T], account_id: StripeAccountId, stripe_invoice_id: str) -> Iterator[T]:
        """All lines of an invoice, which holds the first ten itself."""

        def page_of_lines(query: Any, options: Any) -> Any:
            return self._v1.invoices.line_items.list(stripe_invoice_id, query, options)

        for line, _ in self._all(page_of_lines, model, account_id, {}):
            yield line

    def _pages(self, method: Any, account_id: StripeAccountId, query: dict[str, Any]) -> Iterator[tuple[Listed, int]]:
        after: dict[str, str] = {}
        while True:
            answer = self._page(method, {**query, **after, "limit": PAGE}, on_account(account_id))
            page = answer.read(Listed)
            yield page, answer.as_of
            if not page.has_more or not page.data:
                return
            after = {"starting_after": read(page.data[-1], Stub).id}

    @translated
    def _page(self, method: Any, query: dict[str, Any], options: Any) -> Answer:
        return self._ask(method, query, options)

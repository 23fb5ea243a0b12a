"""The query of the list of customers, and its combinations of filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from chalicelib.api.models.combinations import Combination, require_offered
from chalicelib.api.models.queries import PageQuery
from chalicelib.domain.customer import SyncStatus
from chalicelib.domain.customer_fields import MAX_EMAIL, MAX_NAME, WHOLE_EMAIL_PATTERN
from chalicelib.domain.customer_filter import CustomerFilter
from chalicelib.domain.texts import VISIBLE_LINE_PATTERN


class CustomerQuery(PageQuery, rename="camel", forbid_unknown_fields=True):
    """The filters and the page of a list of customers."""

    sync_status: Annotated[SyncStatus, Meta(description="Lists only customers with this `syncStatus`.")] | None = None
    email: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=MAX_EMAIL,
                pattern=WHOLE_EMAIL_PATTERN,
                description="Lists only customers with this e-mail address. It must be the whole address; upper "
                "and lower case are equal. Several customers may have the same address. Write `+` as `%2B`.",
                examples=["dana.reyes@example.com"],
            ),
        ]
        | None
    ) = None
    name: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=MAX_NAME,
                pattern=VISIBLE_LINE_PATTERN,
                description="Lists only customers whose name begins with this text. The name is `companyName`, or "
                "otherwise `firstName` and `lastName` with a space between them: `dana r` finds Dana Reyes, and "
                "`reyes` does not. Upper and lower case, accents and the number of spaces make no difference: "
                "`acme` finds Acme and ACMÉ Pools.",
                examples=["dana r"],
            ),
        ]
        | None
    ) = None


_BY_ID = "by id"

COMBINATIONS = (
    Combination(_BY_ID, {}),
    Combination(
        f"{_BY_ID}. Exception: `{SyncStatus.WAITING_FOR_INVOICE}` first lists the customers without a link, "
        "and then those that are linked on a Stripe account that is no longer connected, account by account",
        {"syncStatus": ()},
    ),
    Combination(_BY_ID, {"email": ()}),
    Combination("by name", {"name": ()}),
)
"""The combinations of filters that the list of customers offers. Each costs one query a page and has one order."""


def filter_from(query: CustomerQuery) -> CustomerFilter:
    """Returns the domain's filter, without the connected account.

    Raises:
        Refused: the list does not offer these filters together.
    """
    require_offered(_filters_of(query), COMBINATIONS)
    return CustomerFilter(sync_status=query.sync_status, email=query.email, name=query.name)


def _filters_of(query: CustomerQuery) -> Mapping[str, str]:
    """Returns the filters of a request, by their names in the query string."""
    values = {"syncStatus": query.sync_status, "email": query.email, "name": query.name}
    return {name: str(value) for name, value in values.items() if value is not None}

"""Which customers a list shows, and which filters of it are offered together."""

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
    """Which customers."""

    sync_status: (
        Annotated[SyncStatus, Meta(description="Only customers that are shown with this `syncStatus`.")] | None
    ) = None
    email: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=MAX_EMAIL,
                pattern=WHOLE_EMAIL_PATTERN,
                description="Only customers with this whole e-mail address, in capital or small letters. Several "
                "customers may have it. Write `+` as `%2B`.",
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
                description="Only customers whose name begins with this. The name is `companyName`, or else "
                "`firstName` and `lastName` with a blank between them: `dana r` finds Dana Reyes, and `reyes` alone "
                "does not. Capital letters, accents and the number of blanks make no difference: `acme` finds Acme "
                "and ACMÉ Pools.",
                examples=["dana r"],
            ),
        ]
        | None
    ) = None


_BY_ID = "in the order of their ids"

COMBINATIONS = (
    Combination(_BY_ID, {}),
    Combination(
        f"{_BY_ID}. Exception: `{SyncStatus.WAITING_FOR_INVOICE}` lists the customers that wait on no account first, "
        "and then those that are linked on a Stripe account which is no longer connected, account by account",
        {"syncStatus": ()},
    ),
    Combination(_BY_ID, {"email": ()}),
    Combination("in the order of their names", {"name": ()}),
)
"""The filters of customers that are offered together. Each is one query a page, and has one order."""


def filter_from(query: CustomerQuery) -> CustomerFilter:
    """Returns the domain's filter, without the account that is connected.

    Raises:
        Refused: the filters are not offered together.
    """
    require_offered(_filters_of(query), COMBINATIONS)
    return CustomerFilter(sync_status=query.sync_status, email=query.email, name=query.name)


def _filters_of(query: CustomerQuery) -> Mapping[str, str]:
    """Returns the filters that a request gives, by their names in the query string."""
    values = {"syncStatus": query.sync_status, "email": query.email, "name": query.name}
    return {name: str(value) for name, value in values.items() if value is not None}

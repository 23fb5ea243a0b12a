"""The route table: what each route asks of its caller, takes and answers.

Roles: `admin` may do everything, `billing` keeps customers and invoices, and whoever has a valid token of the
organization, with these roles or without, may read. (In a pool company of three people the admin writes the
invoices too; taking that right away would only make every admin give the second role to themselves.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from chalicelib.api.models.queries import Nothing
from chalicelib.domain.identity import Identity, Unauthorized
from chalicelib.domain.preconditions import Precondition

JSON = "application/json"
READING = frozenset({"GET"})
WITHOUT_BODY = frozenset({"GET", "DELETE"})
"""Methods that take parameters in the query. A body of them has no meaning
(https://www.rfc-editor.org/rfc/rfc9110#name-delete)."""
VALIDATED = frozenset({"GET", "PUT"})
"""Methods whose answer of 200 shows a thing, or a page of a list, as it is. It carries an ETag."""

KIB = 1024
MAX_BODY = 256 * KIB
MAX_WEBHOOK = 6 * 1024 * KIB
"""As much as Lambda takes (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), because Stripe
sends a signed event again for days if it is refused.
"""
MAX_BULK = 2048 * KIB


class Role(StrEnum):
    """What a route asks of its caller."""

    ADMIN = "admin"
    BILLING = "billing"
    MEMBER = "member"
    PUBLIC = "public"


SUFFICIENT: Mapping[Role, frozenset[str]] = {
    Role.ADMIN: frozenset({Role.ADMIN}),
    Role.BILLING: frozenset({Role.ADMIN, Role.BILLING}),
}
"""A token needs one of these; the other routes ask for no particular role."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers: a model, or bytes that are ready to be sent as `content_type`."""

    body: msgspec.Struct | bytes | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON
    edit_tag: str | None = None
    """Names what clients can write of the thing (`domain.preconditions`); None if they cannot replace it."""


T = TypeVar("T", bound=msgspec.Struct)
ResponseModels = Mapping[int, type[msgspec.Struct] | None]


@dataclass(frozen=True)
class Route:
    """One row of the route table. `takes` is the body's model; of a GET or a DELETE, the query's.

    It has no slots, because what is cached is kept in the row's own dictionary.
    """

    method: str
    path: str
    role: Role
    takes: type[msgspec.Struct]
    responses: ResponseModels
    refuses: Sequence[str]
    name: str
    tag: str
    doc: str
    idempotency_key: bool = False
    requires_idempotency_key: bool = False
    raw_body: bool = False
    page_on_error: bool = False
    offers_csv: bool = False
    offers_html: bool = False
    max_body: int = MAX_BODY
    reply_of_stored: Callable[[Any], Reply] | None = None
    """Returns a stored thing as its GET does. A route that has it takes If-Match."""

    @cached_property
    def label(self) -> str:
        """As logs and metrics name it."""
        return f"{self.method} {self.path}"

    @cached_property
    def has_body(self) -> bool:
        return not self.takes_query and self.takes is not Nothing and not self.raw_body

    @cached_property
    def takes_query(self) -> bool:
        return self.method in WITHOUT_BODY


ROUTES: list[Route] = []
"""Every route, as it was declared. Complete once `api.blueprints` has been imported."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request that has passed every check of this layer. `path` holds the ids of the path."""

    input: T
    identity: Identity | None
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    idempotency_key: str | None
    precondition: Precondition | None = None
    """What If-Match asks for; None without it."""

    @property
    def caller(self) -> Identity:
        """Returns who calls.

        Raises:
            Unauthorized: the route is public, so nobody was asked.
        """
        if self.identity is None:
            raise Unauthorized("no_identity")
        return self.identity


Handler = Callable[[Call[T]], Reply]

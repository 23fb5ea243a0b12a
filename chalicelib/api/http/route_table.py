"""The route table: the role that each route requires, what it takes, and its responses.

Roles: `admin` may do everything, and `billing` may manage customers and invoices. Any caller with a valid token of
the organization may read, also without a role. (Admins may bill, because in a pool company of three people the admin
writes the invoices too. Without that right, every admin would only add the second role.)
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
"""Methods that take parameters in the query. A body has no meaning with them
(https://www.rfc-editor.org/rfc/rfc9110#name-delete).
"""
VALIDATED = frozenset({"GET", "PUT"})
"""Methods whose response of 200 is the current state of an object or of a list's page. It has an ETag."""

KIB = 1024
MAX_BODY = 256 * KIB
MAX_WEBHOOK = 6 * 1024 * KIB
"""The most that Lambda takes (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). A lower limit
would refuse signed events, which Stripe then sends again for days.
"""
MAX_BULK = 2048 * KIB


class Role(StrEnum):
    """The role that a route requires of its caller."""

    ADMIN = "admin"
    BILLING = "billing"
    MEMBER = "member"
    PUBLIC = "public"


SUFFICIENT: Mapping[Role, frozenset[str]] = {
    Role.ADMIN: frozenset({Role.ADMIN}),
    Role.BILLING: frozenset({Role.ADMIN, Role.BILLING}),
}
"""A token needs one of these roles. The other routes require no particular role."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A handler's reply: a model, or bytes that are ready to be sent as `content_type`."""

    body: msgspec.Struct | bytes | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON
    edit_tag: str | None = None
    """The version of what clients can write (`domain.preconditions`), or None if clients cannot replace the
    object.
    """


T = TypeVar("T", bound=msgspec.Struct)
ResponseModels = Mapping[int, type[msgspec.Struct] | None]


@dataclass(frozen=True)
class Route:
    """One row of the route table. `takes` is the model of the body, or of the query for a GET or a DELETE.

    The class has no slots, because its cached properties are stored in the instance's dictionary.
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
    """Returns a stored object as its GET does. A route with this function takes If-Match."""

    @cached_property
    def label(self) -> str:
        """Returns the name of the route in logs and metrics."""
        return f"{self.method} {self.path}"

    @cached_property
    def has_body(self) -> bool:
        return not self.takes_query and self.takes is not Nothing and not self.raw_body

    @cached_property
    def takes_query(self) -> bool:
        return self.method in WITHOUT_BODY


ROUTES: list[Route] = []
"""Every declared route. The list is complete once `api.blueprints` has been imported."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request that has passed every check of this layer. `path` holds the ids in the path."""

    input: T
    identity: Identity | None
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    idempotency_key: str | None
    precondition: Precondition | None = None
    """The precondition of If-Match, or None without the header."""

    @property
    def caller(self) -> Identity:
        """Returns the identity of the caller.

        Raises:
            Unauthorized: the route is public, so the caller was not authenticated.
        """
        if self.identity is None:
            raise Unauthorized("no_identity")
        return self.identity


Handler = Callable[[Call[T]], Reply]

"""The caller of a request, as POM's access token names it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.identifiers import OrganizationId, UserId, is_id

USER_ID_PATTERN = r"[!-~](?:[ -~]{0,253}[!-~])?"
"""The form of a user's id: at most 255 ASCII characters, as OpenID Connect requires for `sub`
(https://openid.net/specs/openid-connect-core-1_0.html#IDToken), without control characters. `auth0|123` and
`ann@example.test` are ids of users. They are shown and stored, and are never part of a key.
"""

ROLE_PATTERN = r"[!-~]{1,100}"
"""A role is one word."""

_USER_ID = re.compile(USER_ID_PATTERN)
_ROLE = re.compile(ROLE_PATTERN)


@dataclass(frozen=True, slots=True)
class Identity:
    """A user of POM, acting for one organization."""

    organization_id: OrganizationId
    user_id: UserId
    roles: frozenset[str]


class Unauthorized(IntegrationError):
    """The caller has no valid token. `reason` is one word for operators. The caller does not see it."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "unauthorized",
            "The access token is missing, has expired or is not valid.",
            next_step="Sign in to POM again and repeat the request.",
        )
        self.reason = reason


def identity_of(organization_id: object, user_id: object, roles: Iterable[object]) -> Identity:
    """Returns the caller that a token or API Gateway names. Values that cannot be roles of POM are left out.

    The organization's id becomes a part of keys, so it must have the form of all of POM's ids.

    Raises:
        Unauthorized: the organization or the user is missing (`claim_missing`) or has an invalid form
          (`claim_malformed`).
    """
    if not organization_id or not user_id:
        raise Unauthorized("claim_missing")
    if not is_id(organization_id) or not isinstance(user_id, str) or not _USER_ID.fullmatch(user_id):
        raise Unauthorized("claim_malformed")
    words = frozenset(role for role in roles if isinstance(role, str) and _ROLE.fullmatch(role))
    return Identity(OrganizationId(organization_id), UserId(user_id), words)

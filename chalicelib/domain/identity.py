"""Who is calling, as POM's access token says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.identifiers import OrganizationId, UserId, is_id

USER_ID_PATTERN = r"[!-~](?:[ -~]{0,253}[!-~])?"
"""At most 255 ASCII characters, as OpenID Connect says of `sub`
(https://openid.net/specs/openid-connect-core-1_0.html#IDToken), and no control character: `auth0|123` and
`ann@example.test` are ids of users. They are shown and stored, and are no part of a key.
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
    """The caller is not known. `reason` is one word for operations; the caller is not told which."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "unauthorized",
            "The access token is missing, has expired or is not valid.",
            next_step="Sign in to POM again and repeat the request.",
        )
        self.reason = reason


def identity_of(organization_id: object, user_id: object, roles: Iterable[object]) -> Identity:
    """Returns who is calling, by what a token or API Gateway says. Roles that can be no role of ours are left out.

    The id of an organization becomes a part of keys, so it has the form of all of POM's ids.

    Raises:
        Unauthorized: the organization or the user is missing (`claim_missing`) or cannot be one (`claim_malformed`).
    """
    if not organization_id or not user_id:
        raise Unauthorized("claim_missing")
    if not is_id(organization_id) or not isinstance(user_id, str) or not _USER_ID.fullmatch(user_id):
        raise Unauthorized("claim_malformed")
    words = frozenset(role for role in roles if isinstance(role, str) and _ROLE.fullmatch(role))
    return Identity(OrganizationId(organization_id), UserId(user_id), words)

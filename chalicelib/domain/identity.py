"""Who is calling, as POM's access token says."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import IntegrationError
from chalicelib.domain.identifiers import OrganizationId, UserId


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

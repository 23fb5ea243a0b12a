"""API Gateway's authorizer: a Lambda of its own, the only one that loads PyJWT and cryptography.

API Gateway keeps the answer for `TTL` seconds for the same token, whatever path comes next, so it allows every
path; which role a path needs is checked where the path is served. A token that expires meanwhile works on for
that long at most.
"""

from __future__ import annotations

from chalice.app import AuthRequest, AuthResponse, Blueprint

from chalicelib import bootstrap, observability, restoring  # noqa: F401 -- the last registers the hooks of SnapStart
from chalicelib.domain.bearer import token_of
from chalicelib.domain.identity import Identity, Unauthorized
from chalicelib.functions import AUTHORIZER

TTL = 60
"""Seconds."""

blueprint = Blueprint(__name__)


@blueprint.authorizer(ttl_seconds=TTL)
def token_authorizer(request: AuthRequest) -> AuthResponse:
    """Verify POM's access token."""
    observability.started(AUTHORIZER)
    try:
        identity = bootstrap.token_verifier().verify(token_of(request.token))
    except Unauthorized as refused:
        observability.token_refused(refused.reason)
        # API Gateway answers 401 to exactly this message, and 500 to any other exception.
        raise Exception("Unauthorized") from None
    return AuthResponse(routes=["*"], principal_id=identity.user_id, context=_context(identity))


def _context(identity: Identity) -> dict[str, str]:
    """What the API's Lambda gets to know; API Gateway passes on text only."""
    return {
        "organizationId": identity.organization_id,
        "userId": identity.user_id,
        "roles": " ".join(sorted(identity.roles)),
    }

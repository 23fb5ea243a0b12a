"""API Gateway's authorizer: a Lambda of its own, and the only one that loads PyJWT and cryptography.

API Gateway caches the response for `TTL` seconds and uses it for every path that is called with the same token. The
response therefore allows every path, and each route checks the role that it requires. A token that expires while its
response is cached works until the cache entry ends.
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
    """Returns API Gateway's policy for POM's access token, with the caller's identity.

    Raises:
        Exception: the token is not valid. The message is exactly "Unauthorized".
    """
    observability.started(AUTHORIZER)
    try:
        identity = bootstrap.token_verifier().verify(token_of(request.token))
    except Unauthorized as refused:
        observability.token_refused(refused.reason)
        # API Gateway responds with 401 to exactly this message, and with 500 to any other exception.
        raise Exception("Unauthorized") from None
    return AuthResponse(routes=["*"], principal_id=identity.user_id, context=_context(identity))


def _context(identity: Identity) -> dict[str, str]:
    """Returns the identity that API Gateway passes on to the API's Lambda. API Gateway only passes on text."""
    return {
        "organizationId": identity.organization_id,
        "userId": identity.user_id,
        "roles": " ".join(sorted(identity.roles)),
    }

"""AWS errors that are caused by the deployment and not by the content of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import DeploymentFault

DEPLOYMENT_FAULTS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)
"""Error codes of requests that failed because of the role, its credentials or a missing resource.

Any request of this kind would fail. The next deployment or an operator fixes the cause.
"""


def raise_deployment_fault(response: Mapping[str, Any], cause: Exception) -> None:
    """Raises DeploymentFault if the response of a botocore error has one of `DEPLOYMENT_FAULTS`.

    Raises:
        DeploymentFault: AWS would refuse any request of this kind.
    """
    error = response.get("Error", {})
    code = error.get("Code", "")
    if code in DEPLOYMENT_FAULTS:
        raise DeploymentFault(code, error.get("Message", "")) from cause

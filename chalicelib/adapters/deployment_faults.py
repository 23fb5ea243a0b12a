"""Which of AWS's refusals concern a deployment, and not what a request asks for."""

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
"""The codes of requests that were refused because of the role, its credentials or a resource that does not exist.

Any request of the kind would be refused. The next deployment or an operator mends the cause."""


def raise_deployment_fault(response: Mapping[str, Any], cause: Exception) -> None:
    """Does nothing if the response of a botocore error says that AWS refused what was asked for, or failed.

    Raises:
        DeploymentFault: AWS would refuse any such request.
    """
    error = response.get("Error", {})
    code = error.get("Code", "")
    if code in DEPLOYMENT_FAULTS:
        raise DeploymentFault(code, error.get("Message", "")) from cause

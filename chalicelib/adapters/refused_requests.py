"""Which of AWS's refusals concern a deployment, and not what a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import DeploymentFault

DEPLOYMENT_FAULTS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "RequestExpired",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)
"""The codes of requests that were refused because of the role, its credentials or a resource that does not exist.

Any request of the kind would be refused. The next deployment or an operator mends the cause."""


def fault_in(response: Mapping[str, Any]) -> DeploymentFault | None:
    """Returns the fault that the response of a botocore error tells of, or None if it may be what was asked for."""
    error = response.get("Error", {})
    code = error.get("Code", "")
    return DeploymentFault(code, error.get("Message", "")) if code in DEPLOYMENT_FAULTS else None

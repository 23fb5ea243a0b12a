"""Deploys a stage to AWS: checks the preconditions, shows the changes, makes them, and checks the result.

`python -m infra.deploy deploy --stage dev`; docs/deploying.md lists what it needs.
"""

from __future__ import annotations


class DeploymentError(Exception):
    """Raised when the stage could not be deployed or destroyed. The message gives the reason and the next step."""

"""Brings a stage to AWS: looks first, shows what would change, changes it, and looks whether it works.

`python -m infra.deploy deploy --stage dev`; docs/deploying.md says what it wants.
"""

from __future__ import annotations


class DeploymentError(Exception):
    """The stage could not be deployed or destroyed; the message says why, and what to do."""

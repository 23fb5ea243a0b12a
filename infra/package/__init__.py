"""Builds the deployment package without AWS credentials: one zip, its bill of materials and one template. Checks
them.

`python -m infra.package --stage dev --out build/dev`
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "sam.json"
ZIP = "deployment.zip"
SBOM = "sbom.json"
"""The bill of materials, in the zip's directory."""
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The runtime of the functions. Chalice packages for the Python that it runs on."""
ARCHITECTURE = "arm64"
FUNCTION = "AWS::Serverless::Function"
"""The type of a function in the packaged template, before SAM's transform."""


class PackagingError(Exception):
    """Raised when the package could not be built or failed its checks. The message gives the reason."""

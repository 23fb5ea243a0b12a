"""Makes what is deployed: one zip, its bill of materials and one template, without AWS credentials; and judges it.

`python -m infra.package --stage dev --out build/dev`
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "sam.json"
ZIP = "deployment.zip"
SBOM = "sbom.json"
"""The bill of materials, beside the zip."""
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The runtime of the functions: Chalice packages for the Python that it runs on."""
ARCHITECTURE = "arm64"
FUNCTION = "AWS::Serverless::Function"
"""The type of a function in the packaged template, before AWS's transform."""


class PackagingError(Exception):
    """The package could not be made, or must not be deployed; the message says why."""

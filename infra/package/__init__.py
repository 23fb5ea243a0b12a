"""Makes what is deployed: one zip, its bill of materials and one template, without AWS credentials; and judges it.

`python -m infra.package --stage dev --out build/dev`
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "sam.json"
ZIP = "deployment.zip"
SBOM = "sbom.json"
"""The bill of materials, beside the zip."""
RUNTIME = "python3.11"
ARCHITECTURE = "arm64"
FUNCTION = "AWS::Serverless::Function"
"""The type of a function in the packaged template, before AWS's transform."""


class PackagingError(Exception):
    """The package could not be made, or must not be deployed; the message says why."""

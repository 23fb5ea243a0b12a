"""Uploads CloudFormation's input to the stage's bucket: the zip and the template, each named by its digest.

The zip's bill of materials is uploaded next to them.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.settings import StageSettings
from infra.deploy.versions import digest, version_digest
from infra.package import FUNCTION
from infra.template.intrinsics import Json

ABSENT = "404"


@dataclass(frozen=True)
class Package:
    """The output of `make package`."""

    template: Json
    archive: Path


@dataclass(frozen=True)
class Code:
    """The code of the functions: the key of an object in the stage's bucket, and its digest as in Lambda's
    CodeSha256.
    """

    key: str
    sha256: str


def code_sha256(content: bytes) -> str:
    """Returns the SHA-256 in base64, as in Lambda's CodeSha256."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


class Bucket:
    """The stage's bucket. Each request names the account that must own it."""

    def __init__(self, aws: Aws, settings: StageSettings) -> None:
        self._client = aws.client("s3")
        self._settings = settings

    def store(self, content: bytes, extension: str) -> str:
        """Stores `content` encrypted in the bucket, unless it is already there. Returns its key."""
        key = f"{self._settings.stack}/{hashlib.sha256(content).hexdigest()}.{extension}"
        location = {
            "Bucket": self._settings.artifact_bucket,
            "Key": key,
            "ExpectedBucketOwner": self._settings.account,
        }
        try:
            self._client.head_object(**location)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != ABSENT:
                raise
            self._client.put_object(
                **location, Body=content, ServerSideEncryption="AES256", ChecksumAlgorithm="SHA256"
            )
        return key

    def url(self, key: str) -> str:
        """Returns the URL from which CloudFormation reads an object."""
        name, region = self._settings.artifact_bucket, self._settings.region
        return f"https://{name}.s3.{region}.amazonaws.com/{key}"


def upload(template: Json, code: Code, values: Mapping[str, str], aws: Aws, settings: StageSettings) -> str:
    """Uploads the template with the code's location. Returns its URL."""
    bucket = Bucket(aws, settings)
    document = deployable_template(template, f"s3://{settings.artifact_bucket}/{code.key}", values)
    return bucket.url(bucket.store(json.dumps(document, sort_keys=True).encode(), "json"))


def deployable_template(template: Json, code: str, values: Mapping[str, str]) -> Json:
    """Returns the template with the code's location, and with digests that renew the API and the functions' versions.

    SAM compares templates, in which a parameter appears by name only. Here the parameters' values are known. So the
    API is deployed again, and a version is published, exactly when the template or a value has changed.
    """
    result = copy.deepcopy(template)
    for resource in result["Resources"].values():
        if resource["Type"] == FUNCTION:
            function = resource["Properties"]
            function["CodeUri"] = code
            function["AutoPublishCodeSha256"] = version_digest(result, function, values)
    api = result["Resources"]["RestAPI"]["Properties"]
    api.pop("AlwaysDeploy", None)
    api["DefinitionBody"]["info"]["description"] = f"With parameters {digest(api, result, values)[:16]}"
    return result

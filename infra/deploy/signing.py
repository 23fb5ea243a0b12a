"""Signs the zip with AWS Signer, for a stage whose functions accept signed code only.

Signer reads one version of an object, and writes a new object whose name ends with the job's id. A signed zip is not
signed again, because each signature makes a different zip, and the stage would change without a change of code.
"""

from __future__ import annotations

import hashlib

from botocore.exceptions import WaiterError

from infra.deploy import DeploymentError
from infra.deploy.artifacts import Code, code_sha256
from infra.deploy.aws import Aws
from infra.deploy.findings import ActionNeeded, CheckFailed
from infra.deploy.settings import StageSettings
from infra.template.intrinsics import Json
from infra.template.signing import SIGNING

PLATFORM = "AWSLambda-SHA384-ECDSA"
"""Signer's platform for Lambda's zips."""
POLL_SECONDS = 5
MAX_WAIT_SECONDS = 300
"""Seconds between two polls of a job, and the most seconds for a job."""


def signed_copy(key: str, settings: StageSettings, aws: Aws) -> Code:
    """Returns the signed copy of the zip at `key`. Signs the zip if no copy exists.

    Raises:
        DeploymentError: Signer did not sign the zip.
    """
    bucket = {"Bucket": settings.artifact_bucket, "ExpectedBucketOwner": settings.account}
    s3 = aws.client("s3")
    profile = _profile(settings, aws)
    prefix = f"{key.removesuffix('.zip')}-signed-{profile['profileVersion']}-"
    copies = s3.list_objects_v2(**bucket, Prefix=prefix).get("Contents", ())
    signed_key = copies[0]["Key"] if copies else _sign(key, prefix, settings, aws)
    return Code(signed_key, code_sha256(s3.get_object(**bucket, Key=signed_key)["Body"].read()))


def _sign(key: str, prefix: str, settings: StageSettings, aws: Aws) -> str:
    """Returns the key of the signed object."""
    bucket = settings.artifact_bucket
    source = aws.client("s3").head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=settings.account)
    signer = aws.client("signer")
    job = signer.start_signing_job(
        source={"s3": {"bucketName": bucket, "key": key, "version": source["VersionId"]}},
        destination={"s3": {"bucketName": bucket, "prefix": prefix}},
        profileName=settings.signing_profile,
        clientRequestToken=hashlib.sha256(f"{prefix}{source['VersionId']}".encode()).hexdigest(),
    )["jobId"]
    try:
        polling = {"Delay": POLL_SECONDS, "MaxAttempts": MAX_WAIT_SECONDS // POLL_SECONDS}
        signer.get_waiter("successful_signing_job").wait(jobId=job, WaiterConfig=polling)
    except WaiterError as exc:
        reason = exc.last_response.get("statusReason") or str(exc)
        raise DeploymentError(f"AWS Signer did not sign the zip (job {job}): {reason}") from exc
    signed_key: str = signer.describe_signing_job(jobId=job)["signedObject"]["s3"]["key"]
    return signed_key


def check_signing(settings: StageSettings, aws: Aws) -> str:
    """Returns the ARN of the profile's version.

    Raises:
        CheckFailed: the profile cannot sign Lambda's zips, the bucket has no versioning, or the functions do not
          trust
            the profile.
        ActionNeeded: the functions would also run unsigned code.
    """
    profile = _profile(settings, aws)
    if (profile["status"], profile["platformId"]) != ("Active", PLATFORM):
        raise CheckFailed(
            f"the profile is {profile['status']}, for {profile['platformId']}: it must be Active, for {PLATFORM}"
        )
    versions = aws.client("s3").get_bucket_versioning(
        Bucket=settings.artifact_bucket, ExpectedBucketOwner=settings.account
    )
    if versions.get("Status") != "Enabled":
        raise CheckFailed(
            f"Signer reads versions of objects only: switch on versioning of {settings.artifact_bucket}"
        )
    arn = settings.parameters[SIGNING]
    config = aws.client("lambda").get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    trusted_profiles = config["AllowedPublishers"]["SigningProfileVersionArns"]
    if profile["profileVersionArn"] not in trusted_profiles:
        raise CheckFailed(f"{arn} does not trust {profile['profileVersionArn']}: add that to its allowed publishers")
    if config["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"] != "Enforce":
        raise ActionNeeded(
            f"{arn} only warns of code that is not signed: set UntrustedArtifactOnDeployment to Enforce"
        )
    return f"by {profile['profileVersionArn']}, enforced"


def _profile(settings: StageSettings, aws: Aws) -> Json:
    profile: Json = aws.client("signer").get_signing_profile(profileName=settings.signing_profile)
    return profile

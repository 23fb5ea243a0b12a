"""Signed code: AWS Signer's requests in the form that botocore holds them to, and S3 as moto plays it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from infra.deploy import DeploymentError
from infra.deploy.artifacts import Bucket, Code, code_sha256
from infra.deploy.aws import Aws
from infra.deploy.findings import ActionNeeded, CheckFailed
from infra.deploy.settings import StageSettings, faults
from infra.deploy.signing import PLATFORM, check_signing, signed_copy
from infra.local.aws import embedded_aws
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, STACK

PROFILE_ARN = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/pom_stripe/abcdefghij"
CONFIG = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0"
SETTINGS = StageSettings(STACK, ACCOUNT, REGION, BUCKET, {"CodeSigningConfigArn": CONFIG}, "pom_stripe")
PROFILE = {
    "profileName": "pom_stripe",
    "profileVersion": "abcdefghij",
    "profileVersionArn": PROFILE_ARN,
    "platformId": PLATFORM,
    "status": "Active",
}
JOB = "0a1b2c3d-0000-4000-8000-000000000000"
MOMENT = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)


@dataclass
class Scene:
    """A bucket with a zip, and an AWS Signer with prepared responses."""

    aws: Aws
    signer: Stubber
    key: str
    """Of the zip that is to be signed."""

    @property
    def prefix(self) -> str:
        return f"{self.key.removesuffix('.zip')}-signed-abcdefghij-"

    def has_profile(self, **changes: Any) -> None:
        self.signer.add_response("get_signing_profile", {**PROFILE, **changes}, {"profileName": "pom_stripe"})

    def signs(self, status: str = "Succeeded", **told: Any) -> None:
        """Signer accepts the job, writes the signed zip, and reports success at the second request for the status."""
        version = boto3.client("s3").head_object(Bucket=BUCKET, Key=self.key)["VersionId"]
        request = {
            "source": {"s3": {"bucketName": BUCKET, "key": self.key, "version": version}},
            "destination": {"s3": {"bucketName": BUCKET, "prefix": self.prefix}},
            "profileName": "pom_stripe",
            "clientRequestToken": ANY,
        }
        self.signer.add_response("start_signing_job", {"jobId": JOB}, request)
        job_description = {"jobId": JOB, "status": status, "createdAt": MOMENT, **told}
        for answer in ({**job_description, "status": "InProgress"}, job_description, job_description):
            self.signer.add_response("describe_signing_job", answer, {"jobId": JOB})
        self.aws.client("signer").meta.events.register("before-parameter-build.signer.StartSigningJob", self._write)

    def _write(self, **_: Any) -> None:
        boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{self.prefix}{JOB}.zip", Body=b"a signed zip")


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr("botocore.waiter.time.sleep", lambda seconds: None)
    with embedded_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        aws = Aws(REGION)
        key = Bucket(aws, SETTINGS).store(b"a zip", "zip")
        with Stubber(aws.client("signer")) as signer:
            yield Scene(aws, signer, key)


def test_the_functions_run_the_signed_zip_and_lambda_must_report_its_digest(scene: Scene) -> None:
    scene.has_profile()
    key = f"{scene.prefix}{JOB}.zip"
    scene.signs(signedObject={"s3": {"bucketName": BUCKET, "key": key}})
    assert signed_copy(scene.key, SETTINGS, scene.aws) == Code(key, code_sha256(b"a signed zip"))
    scene.signer.assert_no_pending_responses()


def test_a_zip_that_was_signed_is_not_signed_again(scene: Scene) -> None:
    """Another signature would make another zip, and a stage that changes without a change."""
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{scene.prefix}{JOB}.zip", Body=b"signed before")
    scene.has_profile()
    assert signed_copy(scene.key, SETTINGS, scene.aws) == Code(
        f"{scene.prefix}{JOB}.zip", code_sha256(b"signed before")
    )


def test_a_zip_that_another_version_of_the_profile_signed_is_signed_again(scene: Scene) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{scene.prefix}{JOB}.zip", Body=b"signed before")
    scene.has_profile(profileVersion="klmnopqrst")
    destination = {"s3": {"bucketName": BUCKET, "prefix": scene.prefix.replace("abcdefghij", "klmnopqrst")}}
    request = {"source": ANY, "profileName": ANY, "clientRequestToken": ANY, "destination": destination}
    scene.signer.add_client_error("start_signing_job", "ThrottlingException", expected_params=request)
    with pytest.raises(ClientError, match="ThrottlingException"):
        signed_copy(scene.key, SETTINGS, scene.aws)


def test_a_failed_signing_names_the_job_and_the_reason(scene: Scene) -> None:
    scene.has_profile()
    scene.signs("Failed", statusReason="The zip is malformed.")
    with pytest.raises(DeploymentError, match=rf"did not sign the zip \(job {JOB}\): The zip is malformed\."):
        signed_copy(scene.key, SETTINGS, scene.aws)


def _trusts(scene: Scene, policy: str = "Enforce", publisher: str = PROFILE_ARN) -> Stubber:
    config = {
        "CodeSigningConfigId": "csc-0123456789abcdef0",
        "CodeSigningConfigArn": CONFIG,
        "AllowedPublishers": {"SigningProfileVersionArns": [publisher]},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": policy},
        "LastModified": "2026-11-29T00:00:00.000+0000",
    }
    stub = Stubber(scene.aws.client("lambda"))
    request = {"CodeSigningConfigArn": CONFIG}
    stub.add_response("get_code_signing_config", {"CodeSigningConfig": config}, request)
    return stub


def test_signing_is_checked_before_any_change(scene: Scene) -> None:
    scene.has_profile()
    with _trusts(scene):
        assert check_signing(SETTINGS, scene.aws) == f"by {PROFILE_ARN}, enforced"


def test_a_configuration_that_only_warns_is_reported(scene: Scene) -> None:
    scene.has_profile()
    with _trusts(scene, policy="Warn"), pytest.raises(ActionNeeded, match="only warns"):
        check_signing(SETTINGS, scene.aws)


def test_a_configuration_that_trusts_another_profile_is_refused(scene: Scene) -> None:
    scene.has_profile()
    other_profile = PROFILE_ARN.replace("abcdefghij", "klmnopqrst")
    with _trusts(scene, publisher=other_profile), pytest.raises(CheckFailed, match="does not trust"):
        check_signing(SETTINGS, scene.aws)


@pytest.mark.parametrize("changes", [{"status": "Canceled"}, {"platformId": "AWSIoTDeviceManagement-SHA256-ECDSA"}])
def test_a_profile_that_cannot_sign_for_lambda_is_refused(changes: dict[str, str], scene: Scene) -> None:
    scene.has_profile(**changes)
    with pytest.raises(CheckFailed, match=f"it must be Active, for {PLATFORM}"):
        check_signing(SETTINGS, scene.aws)


def test_a_bucket_without_versions_is_refused(scene: Scene) -> None:
    boto3.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    scene.has_profile()
    with pytest.raises(CheckFailed, match="switch on versioning of pom-artifacts"):
        check_signing(SETTINGS, scene.aws)


def test_a_profile_without_a_configuration_and_the_reverse_are_reported() -> None:
    for alone in (
        msgspec.structs.replace(SETTINGS, signing_profile=""),
        msgspec.structs.replace(SETTINGS, parameters={}),
    ):
        assert "signing_profile and CodeSigningConfigArn belong together" in faults("dev", alone)
    assert not any("belong together" in fault for fault in faults("dev", SETTINGS))

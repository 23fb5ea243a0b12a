"""Checks the resources that a stage's settings name and that must exist first: bucket, topics, certificate, token
keys.
"""

from __future__ import annotations

import datetime as dt
import json
from fnmatch import fnmatch
from typing import Any

import jwt
from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.findings import ActionNeeded, CheckFailed
from infra.deploy.settings import StageSettings
from infra.template.intrinsics import Json

PUBLIC_ACCESS_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
OWN_TOPIC_KEY = "alias/aws/sns"
EXPIRES_SOON = dt.timedelta(days=14)
KEYS_TIMEOUT = 5
"""Seconds."""


def check_bucket(aws: Aws, settings: StageSettings) -> str:
    """Checks the bucket of artifacts: in the stage's account and region, private, and with TLS only."""
    request = {"Bucket": settings.artifact_bucket, "ExpectedBucketOwner": settings.account}
    s3 = aws.client("s3")
    region = s3.get_bucket_location(**request)["LocationConstraint"] or "us-east-1"
    if region != settings.region:
        raise CheckFailed(f"{settings.artifact_bucket} is in {region}: Lambda takes code only from its own region")
    try:
        blocks = s3.get_public_access_block(**request)["PublicAccessBlockConfiguration"]
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        blocks = {}
    if missing := [each for each in PUBLIC_ACCESS_BLOCKS if not blocks.get(each)]:
        raise CheckFailed(f"{settings.artifact_bucket} could be made public: switch on {', '.join(missing)}")
    if not _requires_tls(_policy(s3, request)):
        raise ActionNeeded(
            f"{settings.artifact_bucket} accepts requests without TLS: give it the policy of docs/deploying.md"
        )
    return f"{settings.artifact_bucket}, private, with TLS only, in {region}"


def _requires_tls(policy: Json) -> bool:
    """Returns True if the policy denies all requests without TLS."""
    deny_statements = [each for each in policy["Statement"] if (each["Effect"], each["Principal"]) == ("Deny", "*")]
    transport_conditions = [
        each.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") for each in deny_statements
    ]
    return any(str(each).lower() == "false" for each in transport_conditions)


def _policy(s3: Any, request: dict[str, str]) -> Json:
    """Returns the bucket's policy; a policy without statements if it has none."""
    try:
        policy: Json = json.loads(s3.get_bucket_policy(**request)["Policy"])
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        return {"Statement": []}
    return policy


def check_account_logs(aws: Aws) -> str:
    """Returns the role by which API Gateway writes logs. Without the role, a stage with access logs cannot be
    created.
    """
    role = aws.client("apigateway").get_account().get("cloudwatchRoleArn")
    if not role:
        raise CheckFailed("API Gateway may not write logs in this account and region: deploy infra/account.json once")
    return str(role)


def check_topic(aws: Aws, arn: str, *, needs_listener: bool) -> str:
    """Checks that alarms can reach the topic, and that a subscription is confirmed."""
    attributes = aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    if attributes.get("KmsMasterKeyId") == OWN_TOPIC_KEY:
        raise CheckFailed(
            f"{arn} is encrypted with {OWN_TOPIC_KEY}, which CloudWatch may not use: use a key of your own"
        )
    listeners = int(attributes.get("SubscriptionsConfirmed", 0))
    if not listeners:
        problem = f"no subscription of {arn} is confirmed: its alarms would reach nobody"
        raise CheckFailed(problem) if needs_listener else ActionNeeded(problem)
    return f"{arn}, {listeners} confirmed"


def check_certificate(aws: Aws, settings: StageSettings) -> str:
    """Checks the certificate of the API's own domain."""
    arn, domain = settings.parameters["CertificateArn"], str(settings.domain)
    details = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if details["Status"] != "ISSUED":
        raise CheckFailed(f"the certificate of {domain} is {details['Status']}")
    names = {details["DomainName"], *details.get("SubjectAlternativeNames", ())}
    if not any(_covers(name, domain) for name in names):
        raise CheckFailed(f"the certificate is for {', '.join(sorted(names))}, not for {domain}")
    expires_at = details.get("NotAfter")
    if expires_at is not None and expires_at < dt.datetime.now(dt.UTC) + EXPIRES_SOON:
        raise CheckFailed(f"the certificate of {domain} ends on {expires_at:%Y-%m-%d}")
    return f"{domain}, certificate {details['Status'].lower()}"


def _covers(name: str, domain: str) -> bool:
    """Returns True if a certificate's name covers the domain. A `*` stands for one label."""
    return fnmatch(domain, name) and name.count(".") == domain.count(".")


def check_token_keys(url: str) -> str:
    """Returns the number of keys for POM's tokens. Without keys no request is authorized."""
    try:
        keys = jwt.PyJWKClient(url, timeout=KEYS_TIMEOUT).get_signing_keys()
    except jwt.PyJWTError as exc:
        raise CheckFailed(f"{url} does not return the keys of POM's tokens: {exc}") from exc
    return f"{len(keys)} at {url}"

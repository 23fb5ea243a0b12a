"""The things that a stage's settings name and that are there before it: bucket, topics, certificate, token keys."""

from __future__ import annotations

import datetime as dt
import json
from fnmatch import fnmatch
from typing import Any

import jwt
from botocore.exceptions import ClientError

from infra.deploy.aws import Aws
from infra.deploy.findings import Bad, ToDo
from infra.deploy.settings import StageSettings
from infra.template.intrinsics import Json

PRIVATE = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
OWN_TOPIC_KEY = "alias/aws/sns"
EXPIRES_SOON = dt.timedelta(days=14)
KEYS_TIMEOUT = 5
"""Seconds."""


def bucket(aws: Aws, settings: StageSettings) -> str:
    """The bucket of artifacts: the account's own, in the region, closed to the public, and used with TLS only."""
    asked = {"Bucket": settings.artifact_bucket, "ExpectedBucketOwner": settings.account}
    s3 = aws.client("s3")
    region = s3.get_bucket_location(**asked)["LocationConstraint"] or "us-east-1"
    if region != settings.region:
        raise Bad(f"{settings.artifact_bucket} is in {region}: Lambda takes code only from its own region")
    try:
        closed = s3.get_public_access_block(**asked)["PublicAccessBlockConfiguration"]
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
            raise
        closed = {}
    if missing := [each for each in PRIVATE if not closed.get(each)]:
        raise Bad(f"{settings.artifact_bucket} could be made public: switch on {', '.join(missing)}")
    if not _wants_tls(_policy(s3, asked)):
        raise ToDo(f"{settings.artifact_bucket} answers without TLS: give it the policy of docs/deploying.md")
    return f"{settings.artifact_bucket}, private, with TLS only, in {region}"


def _wants_tls(policy: Json) -> bool:
    """Whether a policy denies whatever comes without TLS."""
    denied = [each for each in policy["Statement"] if (each["Effect"], each["Principal"]) == ("Deny", "*")]
    asked = [each.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") for each in denied]
    return any(str(each).lower() == "false" for each in asked)


def _policy(s3: Any, asked: dict[str, str]) -> Json:
    """The bucket's policy; one that says nothing if it has none."""
    try:
        found: Json = json.loads(s3.get_bucket_policy(**asked)["Policy"])
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        return {"Statement": []}
    return found


def account_logs(aws: Aws) -> str:
    """API Gateway's right to write logs, without which a stage with access logs cannot be made."""
    role = aws.client("apigateway").get_account().get("cloudwatchRoleArn")
    if not role:
        raise Bad("API Gateway may not write logs in this account and region: deploy infra/account.json once")
    return str(role)


def topic(aws: Aws, arn: str, *, needs_listener: bool) -> str:
    """A topic that alarms can reach, and that somebody hears."""
    attributes = aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    if attributes.get("KmsMasterKeyId") == OWN_TOPIC_KEY:
        raise Bad(f"{arn} is encrypted with {OWN_TOPIC_KEY}, which CloudWatch may not use: take a key of your own")
    listeners = int(attributes.get("SubscriptionsConfirmed", 0))
    if not listeners:
        silent = f"nobody has confirmed a subscription of {arn}: its alarms would ring unheard"
        raise Bad(silent) if needs_listener else ToDo(silent)
    return f"{arn}, {listeners} confirmed"


def certificate(aws: Aws, settings: StageSettings) -> str:
    """The certificate of the API's own domain."""
    arn, domain = settings.parameters["CertificateArn"], str(settings.domain)
    found = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if found["Status"] != "ISSUED":
        raise Bad(f"the certificate of {domain} is {found['Status']}")
    named = {found["DomainName"], *found.get("SubjectAlternativeNames", ())}
    if not any(_covers(name, domain) for name in named):
        raise Bad(f"the certificate is for {', '.join(sorted(named))}, not for {domain}")
    ends = found.get("NotAfter")
    if ends is not None and ends < dt.datetime.now(dt.UTC) + EXPIRES_SOON:
        raise Bad(f"the certificate of {domain} ends on {ends:%Y-%m-%d}")
    return f"{domain}, certificate {found['Status'].lower()}"


def _covers(name: str, domain: str) -> bool:
    """A `*` stands for one label."""
    return fnmatch(domain, name) and name.count(".") == domain.count(".")


def token_keys(url: str) -> str:
    """The keys of POM's tokens: without them nobody gets in."""
    try:
        keys = jwt.PyJWKClient(url, timeout=KEYS_TIMEOUT).get_signing_keys()
    except jwt.PyJWTError as exc:
        raise Bad(f"{url} does not give the keys of POM's tokens: {exc}") from exc
    return f"{len(keys)} at {url}"

"""The checks before a deployment. Each test breaks one setting, and the check must report it. Needs no package."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import jwt
import msgspec
import pytest
from botocore.stub import Stubber

from chalicelib.functions import QUEUE_TRIGGERS, Secret
from infra.deploy import DeploymentError, checks, own_key, prerequisites
from infra.deploy.aws import Aws
from infra.deploy.concurrency import check_concurrency, needed_executions
from infra.deploy.findings import CheckFailed, Finding, State, run_check
from infra.deploy.settings import DIRECTORY, STAGES, StageSettings, faults, load_settings, values
from infra.local.aws import embedded_aws
from infra.template.intrinsics import secret_parameter
from infra.template.settings import PARAMETERS
from tests.infrastructure.deployable import ACCOUNT, BUCKET, REGION, SECRETS, STACK, TLS_ONLY, TOPIC, account

POLICY_OF_BUCKET = prerequisites._policy
"""As it is; the account of these tests replaces it."""


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[StageSettings]:
    with account(monkeypatch) as stage_settings:
        yield stage_settings


def _with(settings: StageSettings, **parameters: str) -> StageSettings:
    return msgspec.structs.replace(settings, parameters={**settings.parameters, **parameters})


def _findings(settings: StageSettings, stage: str = "dev") -> dict[str, Finding]:
    findings = checks.check_before_release(stage, settings, Aws(settings.region))
    return {finding.check: finding for finding in findings}


def _bad(settings: StageSettings, stage: str = "dev") -> dict[str, str]:
    return {check: each.found for check, each in _findings(settings, stage).items() if each.state is State.FAILED}


def test_a_complete_stage_passes_every_check(settings: StageSettings) -> None:
    assert {finding.state for finding in _findings(settings).values()} == {State.OK}


@pytest.mark.parametrize("stage", STAGES)
def test_the_examples_contain_every_required_parameter_and_are_refused_unedited(stage: str, tmp_path: Any) -> None:
    text = (DIRECTORY / f"{stage}.example.toml").read_text()
    (tmp_path / f"{stage}.toml").write_text(text)
    example = load_settings(stage, tmp_path)
    fault_names = list(faults(stage, example))
    assert {fault.partition(" ")[0] for fault in fault_names} == {
        "stack" if "<" in example.stack else "account",
        "account",
        "region",
        "artifact_bucket",
        *example.parameters,
    }
    required_parameters = {name for name, parameter in PARAMETERS.items() if "Default" not in parameter} - {
        "PublicApiUrl"
    }
    assert required_parameters <= example.parameters.keys()


def test_a_stage_without_settings_says_what_to_copy(tmp_path: Any) -> None:
    with pytest.raises(DeploymentError, match=r"copy dev\.example\.toml"):
        load_settings("dev", tmp_path)


def test_a_settings_file_with_an_unknown_name_is_refused(tmp_path: Any) -> None:
    (tmp_path / "dev.toml").write_text('stack = "a"\nbucket = "b"\n')
    with pytest.raises(DeploymentError, match="unknown field `bucket`"):
        load_settings("dev", tmp_path)


@pytest.mark.parametrize(
    ("parameter", "value", "says"),
    [
        ("TokenIssuer", "<the tokens' iss>", "TokenIssuer still has to be filled in"),
        ("PomSettingsUrl", "https://pom.example.com/settings", "PomSettingsUrl still has to be filled in"),
        ("TokenAudience", "changeme", "TokenAudience still has to be filled in"),
        ("TokenAudience", "", "TokenAudience is not what the template takes"),
        ("TokenJwksUrl", "http://pom.test/jwks", "TokenJwksUrl is not what the template takes: must be an https URL"),
        ("PageTopicArn", "page", "PageTopicArn is not what the template takes"),
        ("Tokenissuer", "x", "Tokenissuer is no parameter of the template"),
        (
            "StripeSecretArn",
            "x",
            "StripeSecretArn is no parameter of the template any more: docs/deploying.md, Moving",
        ),
        ("DomainName", "api.pom.test", "DomainName and CertificateArn belong together"),
        ("DevelopmentOrigins", "localhost:5173", "DevelopmentOrigins is not what the template takes"),
        ("DevelopmentOrigins", "*", "DevelopmentOrigins is not what the template takes"),
        ("DevelopmentOrigins", "http://localhost:5173/", "DevelopmentOrigins is not what the template takes"),
    ],
)
def test_an_invalid_parameter_is_reported(settings: StageSettings, parameter: str, value: str, says: str) -> None:
    assert says in _bad(_with(settings, **{parameter: value}))["parameter file"]


def test_a_missing_parameter_is_reported_before_any_request_to_aws(settings: StageSettings) -> None:
    parameters = {name: value for name, value in settings.parameters.items() if name != "TokenIssuer"}
    findings = _findings(msgspec.structs.replace(settings, parameters=parameters))
    assert findings["parameter file"].found == "TokenIssuer is missing"
    other_states = {check: each.state for check, each in findings.items() if check != "parameter file"}
    assert set(other_states.values()) == {State.SKIPPED}


def test_the_address_is_the_domain_or_else_that_of_api_gateway(settings: StageSettings) -> None:
    with_domain = _with(settings, DomainName="api.pom.test")
    assert values(with_domain, "a1")["PublicApiUrl"] == "https://api.pom.test"
    assert values(settings, "a1")["PublicApiUrl"] == "https://a1.execute-api.us-east-1.amazonaws.com/api"
    text = _with(with_domain, PublicApiUrl="https://other.pom.test")
    assert any("PublicApiUrl is not https://api.pom.test" in fault for fault in faults("dev", text))


def test_the_checks_refuse_another_account(settings: StageSettings) -> None:
    elsewhere = msgspec.structs.replace(settings, account="210987654321")
    assert f"is in the account {ACCOUNT}, and the stage belongs to 210987654321" in _bad(elsewhere)["credentials"]


PLATFORM_ROW = "Stripe secret, platform"
WEBHOOK_ROW = "Stripe secret, webhooks"


def _stored(secret: Secret, **changes: Any) -> Callable[[StageSettings], None]:
    def put(settings: StageSettings) -> None:
        content = {key: value for key, value in {**SECRETS[secret], **changes}.items() if value is not None}
        arn = settings.parameters[secret_parameter(secret)]
        boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=json.dumps(content))

    return put


def _platform(**changes: Any) -> Callable[[StageSettings], None]:
    return _stored(Secret.PLATFORM, **changes)


def _webhook(*secrets: str) -> Callable[[StageSettings], None]:
    return _stored(Secret.WEBHOOK, webhookSecrets=list(secrets))


def _deleted(secret: Secret) -> Callable[[StageSettings], Any]:
    return lambda settings: boto3.client("secretsmanager").delete_secret(
        SecretId=settings.parameters[secret_parameter(secret)], ForceDeleteWithoutRecovery=True
    )


def _open_bucket(settings: StageSettings) -> None:
    boto3.client("s3").delete_public_access_block(Bucket=BUCKET)


def _no_log_role(settings: StageSettings) -> None:
    role: Any = {"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}
    boto3.client("apigateway").update_account(patchOperations=[role])


def _leftover(settings: StageSettings) -> None:
    boto3.client("dynamodb").create_table(
        TableName=f"{STACK}-invoices",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _leftover_logs(settings: StageSettings) -> None:
    for name in (f"/aws/lambda/{STACK}-api-handler", f"/aws/lambda/{STACK}-of-somebody-else"):
        boto3.client("logs").create_log_group(logGroupName=name)


SPOILED: dict[str, tuple[str, str, Callable[[StageSettings], Any]]] = {
    "a live key in dev": (PLATFORM_ROW, "form sk_test_", _platform(apiKey="sk_live_" + "a1B2" * 8)),
    "a place holder for a key": (PLATFORM_ROW, "apiKey is not of the form", _platform(apiKey="sk_test_...")),
    "no client id": (PLATFORM_ROW, "is not of the form", _platform(clientId=None)),
    "a secret that is no client id": (PLATFORM_ROW, "clientId is not", _platform(clientId="acct_" + "a1" * 8)),
    "no platform's secret": (PLATFORM_ROW, "ResourceNotFound", _deleted(Secret.PLATFORM)),
    "a webhook secret that is none": (WEBHOOK_ROW, "number 1, is not", _webhook("we_1234567890")),
    "one webhook secret twice": (WEBHOOK_ROW, "one twice", _webhook(*["whsec_" + "e5F6" * 8] * 2)),
    "webhook secrets of another form": (WEBHOOK_ROW, "not of the form", _stored(Secret.WEBHOOK, webhookSecrets="")),
    "a key among the webhook secrets": (WEBHOOK_ROW, "it holds apiKey", _stored(Secret.WEBHOOK, apiKey="sk_test_x")),
    "no webhook secrets": (WEBHOOK_ROW, "ResourceNotFound", _deleted(Secret.WEBHOOK)),
    "a topic that is gone": (
        "SNS topic, page",
        "NotFound",
        lambda s: boto3.client("sns").delete_topic(TopicArn=f"{TOPIC}page"),
    ),
    "a topic that CloudWatch cannot use": (
        "SNS topic, ticket",
        "CloudWatch may not use",
        lambda s: boto3.client("sns").set_topic_attributes(
            TopicArn=f"{TOPIC}ticket", AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"
        ),
    ),
    "a bucket that is gone": (
        "artifact bucket",
        "NoSuchBucket",
        lambda s: boto3.client("s3").delete_bucket(Bucket=BUCKET),
    ),
    "a bucket that could be public": ("artifact bucket", "switch on BlockPublicAcls", _open_bucket),
    "no right to write access logs": ("API Gateway's logs", "infra/account.json", _no_log_role),
    "a table of an earlier stack": ("tables left over", f"{STACK}-invoices", _leftover),
    "a log group of an earlier stack": (
        "log groups left over",
        f"of an earlier stack exist: /aws/lambda/{STACK}-api-handler. CloudFormation",
        _leftover_logs,
    ),
}


@pytest.mark.parametrize("change", SPOILED)
def test_each_broken_setting_is_reported_and_nothing_else(change: str, settings: StageSettings) -> None:
    check, says, spoil = SPOILED[change]
    spoil(settings)
    bad = _bad(settings)
    assert bad.keys() == {check}
    assert says in bad[check]
    with pytest.raises(DeploymentError, match="Nothing was changed"):
        checks.require_no_failures(list(_findings(settings).values()))


def test_further_origins_are_for_development_only(settings: StageSettings) -> None:
    further = _with(settings, DevelopmentOrigins="http://localhost:5173,https://preview.pom.test")
    assert _bad(further) == {}
    assert "DevelopmentOrigins is for development only" in _bad(further, "prod")["parameter file"]


def test_prod_requires_live_mode_and_a_subscribed_alarm_topic(settings: StageSettings) -> None:
    assert _bad(settings, "prod").keys() == {PLATFORM_ROW}
    _platform(apiKey="rk_live_" + "a1B2" * 8)(settings)
    assert _bad(settings, "prod") == {}
    silent = boto3.client("sns").create_topic(Name="silent")["TopicArn"]
    unheard = _with(settings, PageTopicArn=silent)
    assert _bad(unheard, "prod").keys() == {"SNS topic, page"}
    assert _findings(unheard)["SNS topic, page"].state is State.TO_DO


def test_the_webhook_secret_may_be_missing_before_the_first_deployment(settings: StageSettings) -> None:
    _webhook()(settings)
    findings = _findings(settings)[WEBHOOK_ROW]
    assert findings.state is State.TO_DO
    assert f"./ops --deployed {STACK} webhook-endpoint" in findings.found


def test_prod_is_warned_of_a_secret_key_and_not_of_a_restricted_one(settings: StageSettings) -> None:
    _platform(apiKey="sk_live_" + "a1B2" * 8)(settings)
    finding = _findings(settings, "prod")[PLATFORM_ROW]
    assert finding.state is State.TO_DO
    assert "restricted key (rk_live_…)" in finding.found
    checks.require_no_failures([finding])
    _platform(apiKey="rk_live_" + "a1B2" * 8)(settings)
    assert _findings(settings, "prod")[PLATFORM_ROW].state is State.OK


def test_leftovers_in_the_secret_of_former_releases_are_reported_but_not_refused(settings: StageSettings) -> None:
    _platform(webhookSecrets=["whsec_" + "e5F6" * 8])(settings)
    findings = _findings(settings)[PLATFORM_ROW]
    assert findings.state is State.TO_DO
    assert "webhookSecrets is still in it" in findings.found
    assert "Moving to two secrets" in findings.found


def test_one_secret_for_both_is_refused(settings: StageSettings) -> None:
    both = settings.parameters["StripePlatformSecretArn"]
    assert "it is the platform's secret" in _bad(_with(settings, StripeWebhookSecretArn=both))[WEBHOOK_ROW]


def test_no_secret_is_ever_printed(settings: StageSettings) -> None:
    live, odd = "sk_live_" + "z9Y8" * 8, "oops_" + "z9Y8" * 8
    for spoil in (_platform(), _platform(apiKey=live), _platform(apiKey=odd), _platform(clientId=odd), _webhook(odd)):
        spoil(settings)
        text = repr(_findings(settings)) + repr(_findings(settings, "prod"))
        secret_values = [*SECRETS[Secret.PLATFORM].values(), *SECRETS[Secret.WEBHOOK]["webhookSecrets"], live, odd]
        assert not any(value in text or value[8:] in text for value in secret_values)


def test_the_key_set_of_tokens_must_be_reachable(settings: StageSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(client: Any) -> Any:
        raise jwt.PyJWKClientConnectionError("no answer")

    monkeypatch.setattr(jwt.PyJWKClient, "get_signing_keys", fails)
    assert "does not return the keys of POM's tokens: no answer" in _bad(settings)["token keys"]


def test_a_bucket_that_allows_requests_without_tls_is_reported(
    settings: StageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_condition = copy.deepcopy(TLS_ONLY)
    with_a_condition["Statement"][0]["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}
    for policy in ({"Statement": []}, with_a_condition):
        monkeypatch.setattr(prerequisites, "_policy", lambda s3, asked, policy=policy: policy)
        findings = _findings(settings)["artifact bucket"]
        assert findings.state is State.TO_DO
        assert f"{BUCKET} accepts requests without TLS" in findings.found


def test_a_bucket_without_a_policy_is_read_as_having_an_empty_policy() -> None:
    with embedded_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        request = {"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT}
        assert POLICY_OF_BUCKET(boto3.client("s3"), request) == {"Statement": []}
        boto3.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(TLS_ONLY))
        assert POLICY_OF_BUCKET(boto3.client("s3"), request) == TLS_ONLY


def _encrypted(settings: StageSettings, key: str) -> None:
    for secret in Secret:
        arn = settings.parameters[secret_parameter(secret)]
        boto3.client("secretsmanager").update_secret(SecretId=arn, KmsKeyId=key)


def test_a_secret_may_be_encrypted_with_the_stages_own_key_and_with_no_other(
    settings: StageSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_key, "check_key", lambda settings, aws: "checked in its own tests")
    own, other_key = (boto3.client("kms").create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    _encrypted(settings, own)
    bad = _bad(settings)
    for row in ("Stripe secret, platform", "Stripe secret, webhooks"):
        assert f"encrypted with {own}, which the functions may not use" in bad[row]
    assert _bad(_with(settings, KmsKeyArn=own)) == {}
    _encrypted(settings, other_key)
    assert f"encrypted with {other_key}" in _bad(_with(settings, KmsKeyArn=own))["Stripe secret, platform"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"role_arn": "arn:aws:iam::210987654321:role/deployer"},
            f"role_arn is not the ARN of a role of the account {ACCOUNT}",
        ),
        ({"role_arn": "deployer"}, "role_arn is not the ARN of a role"),
        ({"signing_profile": "pom_stripe"}, "signing_profile and CodeSigningConfigArn belong together"),
    ],
)
def test_an_invalid_role_or_profile_is_reported(settings: StageSettings, changes: dict[str, str], says: str) -> None:
    assert says in _bad(msgspec.structs.replace(settings, **changes))["parameter file"]


def test_a_boundary_of_another_account_is_reported(settings: StageSettings) -> None:
    foreign = _with(settings, PermissionsBoundaryArn="arn:aws:iam::210987654321:policy/boundary")
    assert "PermissionsBoundaryArn is a policy of another account" in _bad(foreign)["parameter file"]
    for own in (f"arn:aws:iam::{ACCOUNT}:policy/boundary", "arn:aws:iam::aws:policy/PowerUserAccess"):
        assert _bad(_with(settings, PermissionsBoundaryArn=own)) == {}


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        ({"Status": "ISSUED", "DomainName": "api.pom.test"}, None),
        ({"Status": "ISSUED", "DomainName": "*.pom.test"}, None),
        ({"Status": "ISSUED", "DomainName": "pom.test", "SubjectAlternativeNames": ["api.pom.test"]}, None),
        ({"Status": "PENDING_VALIDATION", "DomainName": "api.pom.test"}, "is PENDING_VALIDATION"),
        ({"Status": "ISSUED", "DomainName": "*.test"}, "not for api.pom.test"),
        (
            {"Status": "ISSUED", "DomainName": "api.pom.test", "NotAfter": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
            "ends",
        ),
    ],
)
def test_the_certificate_must_cover_the_domain(
    settings: StageSettings, certificate: dict[str, Any], says: str | None
) -> None:
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1"
    aws = Aws(REGION)
    with Stubber(aws.client("acm")) as stub:
        stub.add_response("describe_certificate", {"Certificate": certificate}, {"CertificateArn": arn})
        with_domain = _with(settings, DomainName="api.pom.test", CertificateArn=arn)
        if says is None:
            assert "api.pom.test" in prerequisites.check_certificate(aws, with_domain)
        else:
            with pytest.raises(CheckFailed, match=says):
                prerequisites.check_certificate(aws, with_domain)


# Lambda's concurrency


def _with_quota(settings: StageSettings, stage: str, unreserved: int, *functions: str) -> Finding:
    """Returns the findings in an account with this quota and these functions."""
    aws = Aws(settings.region)
    function_list: Any = {"Functions": [{"FunctionName": name} for name in functions]}
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": unreserved}
    with Stubber(aws.client("lambda")) as answers:
        answers.add_response("get_account_settings", {"AccountLimit": limit}, {})
        answers.add_response("list_functions", function_list, {})
        return run_check("concurrency", lambda: check_concurrency(stage, settings, aws))


def test_the_ten_executions_of_a_new_account_stop_prod_and_are_reported_in_dev(settings: StageSettings) -> None:
    prod, dev = (_with_quota(settings, stage, 10) for stage in ("prod", "dev"))
    assert (prod.state, dev.state) == (State.FAILED, State.TO_DO)
    for findings in (prod.found, dev.found):
        assert "allows this account 10 executions at once" in findings
        assert "'Concurrent executions'" in findings
        assert "request-service-quota-increase --region us-east-1" in findings
        assert "--quota-code L-B99A9384 --desired-value 1000" in findings


def test_the_quota_must_cover_queues_streams_schedules_and_the_api_together(settings: StageSettings) -> None:
    queues = sum(trigger.concurrency for trigger in QUEUE_TRIGGERS.values())
    assert queues == 92
    assert queues + 4 + 4 < needed_executions() <= 250
    assert _with_quota(settings, "prod", needed_executions()).state is State.OK
    assert _with_quota(settings, "prod", needed_executions() - 1).state is State.FAILED


def test_the_quota_must_cover_the_other_stages_of_the_account(settings: StageSettings) -> None:
    there = ("pom-stripe-old-api-handler", "pom-stripe-old-canary", "somebody-elses", f"{STACK}-api-handler")
    findings = _with_quota(settings, "prod", 2 * needed_executions() - 1, *there)
    assert findings.state is State.FAILED
    assert f"{2 * needed_executions()} are needed, pom-stripe-old included" in findings.found
    assert _with_quota(settings, "prod", 2 * needed_executions(), *there).state is State.OK

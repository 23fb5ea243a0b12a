"""The protection in front of the API: the form of tokens, the single address, and the optional web ACL."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from chalicelib.domain.bearer import BEARER
from infra.deploy.settings import StageSettings, faults
from infra.template import merge_template
from infra.template.api import RATE
from infra.template.gateway_responses import RESPONSES
from infra.template.intrinsics import Json
from infra.template.settings import CONDITIONS
from infra.template.waf import ADDRESS_LIMIT, BODY_RULES, EXEMPT_PATHS, SECRET_HEADERS, WINDOW, waf
from tests.infrastructure.cloudformation import transformed, with_uploaded_code
from tests.infrastructure.conftest import Package

EVERY_MODE = ({"HasWebAcl": True, "WebAclCounts": False}, {"HasWebAcl": True, "WebAclCounts": True})


def resolved(value: Any, conditions: dict[str, bool]) -> Any:
    """Resolves `Fn::If` as CloudFormation does, and leaves names unchanged."""
    if isinstance(value, dict):
        if "Fn::If" in value:
            condition, yes, no = value["Fn::If"]
            return resolved(yes if conditions[condition] else no, conditions)
        if "Fn::Sub" in value:
            return "pom-test"
        return {name: resolved(each, conditions) for name, each in value.items()}
    return [resolved(each, conditions) for each in value] if isinstance(value, list) else value


def rules(conditions: dict[str, bool] = EVERY_MODE[0]) -> dict[str, Json]:
    resolved_rules = resolved(waf()["ApiWebAcl"]["Properties"]["Rules"], conditions)
    return {rule["Name"]: rule for rule in sorted(resolved_rules, key=lambda rule: rule["Priority"])}


# The package


@pytest.mark.package
def test_api_gateway_refuses_a_malformed_token_without_a_function(package: Package) -> None:
    body = transformed(with_uploaded_code(package.template))["Resources"]["RestAPI"]["Properties"]["Body"]
    [authorizer] = [each["x-amazon-apigateway-authorizer"] for each in body["securityDefinitions"].values()]
    assert authorizer["identityValidationExpression"] == BEARER
    assert authorizer["type"] == "token"
    assert authorizer["authorizerUri"]


@pytest.mark.package
def test_an_api_with_a_domain_has_no_second_address(package: Package) -> None:
    body = transformed(with_uploaded_code(package.template))["Resources"]["RestAPI"]["Properties"]["Body"]
    address = body["x-amazon-apigateway-endpoint-configuration"]
    assert address == {"disableExecuteApiEndpoint": {"Fn::If": ["HasDomain", True, False]}}


@pytest.mark.package
def test_the_web_acl_is_associated_with_the_stage_that_sam_creates(package: Package) -> None:
    template = transformed(with_uploaded_code(package.template))
    [stage] = [name for name, each in template["Resources"].items() if each["Type"] == "AWS::ApiGateway::Stage"]
    association = template["Resources"]["ApiWebAclAssociation"]
    assert association["Condition"] == template["Resources"]["ApiWebAcl"]["Condition"] == "HasWebAcl"
    arn = association["Properties"]["ResourceArn"]["Fn::Sub"]
    assert arn == f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::/restapis/${{RestAPI}}/stages/${{{stage}}}"
    assert template["Parameters"]["WebAcl"]["Default"] == "off"


# The web ACL


def test_a_stage_has_a_web_acl_only_with_the_option() -> None:
    assert merge_template()["Parameters"]["WebAcl"]["Default"] == "off"
    assert CONDITIONS["HasWebAcl"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebAcl"}, "off"]}]}
    assert {each["Condition"] for each in waf().values()} == {"HasWebAcl"}


@pytest.mark.parametrize("mode", ["on", "Block", "blocking", ""])
def test_an_unknown_mode_is_refused_before_the_deployment(mode: str) -> None:
    settings = StageSettings("pom-dev", "1", "us-east-1", "artifacts", {"WebAcl": mode})
    assert any(fault.startswith("WebAcl is not what the template takes") for fault in faults("dev", settings))


@pytest.mark.parametrize("conditions", EVERY_MODE)
def test_aws_waf_accepts_the_web_acl(conditions: dict[str, bool]) -> None:
    """botocore's model of CreateWebACL validates the ACL."""
    model = boto3.client("wafv2", region_name="us-east-1").meta.service_model
    web_acl = resolved(waf()["ApiWebAcl"]["Properties"], conditions)
    report = ParamValidator().validate(web_acl, model.operation_model("CreateWebACL").input_shape)
    assert not report.has_errors(), report.generate_report()


def test_the_counting_mode_allows_every_request() -> None:
    actions = [rule.get("Action") or rule["OverrideAction"] for rule in rules(EVERY_MODE[1]).values()]
    assert all(action in ({"Count": {}}, {"Allow": {}}) for action in actions)


def test_rules_that_read_bodies_only_count_in_every_mode() -> None:
    for rule in rules().values():
        group = rule["Statement"].get("ManagedRuleGroupStatement")
        if group and group["Name"] in BODY_RULES:
            overrides = {each["Name"]: each["ActionToUse"] for each in group["RuleActionOverrides"]}
            assert overrides == {name: {"Count": {}} for name in BODY_RULES[group["Name"]]}
            assert all(name.endswith("_BODY") for name in overrides)


def test_one_address_gets_at_most_half_of_a_methods_rate() -> None:
    rate = rules()["rate"]["Statement"]["RateBasedStatement"]
    assert rate == {"Limit": ADDRESS_LIMIT, "EvaluationWindowSec": WINDOW, "AggregateKeyType": "IP"}
    assert ADDRESS_LIMIT / WINDOW <= RATE / 2


def matches(statement: Json, method: str, path: str) -> bool:
    """Returns True if a request matches a statement of the kinds in the webhooks' rule."""
    [(kind, statement_body)] = statement.items()
    if kind in {"AndStatement", "OrStatement"}:
        parts = [matches(each, method, path) for each in statement_body["Statements"]]
        return all(parts) if kind == "AndStatement" else any(parts)
    assert kind == "ByteMatchStatement"
    assert statement_body["PositionalConstraint"] == "EXACTLY"
    assert statement_body["TextTransformations"] == [{"Priority": 0, "Type": "NONE"}]
    return bool(
        {"Method": method, "UriPath": path}[next(iter(statement_body["FieldToMatch"]))]
        == statement_body["SearchString"]
    )


@pytest.mark.parametrize("path", ["/v1/stripe/webhooks", "/api/v1/stripe/webhooks"])
def test_webhooks_are_allowed_before_addresses_are_counted_and_bodies_are_read(path: str) -> None:
    order = list(rules())
    assert matches(rules()["webhooks"]["Statement"], "POST", path)
    assert rules()["webhooks"]["Action"] == {"Allow": {}}
    assert order.index("webhooks") < min(order.index(name) for name in ("rate", "known-bad-inputs", "common"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", EXEMPT_PATHS[0]), ("POST", "/v1/invoices"), ("POST", "/v1/stripe/webhooks/"),
        ("POST", "/V1/stripe/webhooks"), ("POST", "/v1/stripe%2Fwebhooks"), ("POST", "//v1/stripe/webhooks"),
        ("POST", "/v1/invoices/v1/stripe/webhooks"), ("POST", "/v1/stripe/webhooks/../../invoices"),
    ],
)  # fmt: skip
def test_no_other_request_passes_as_a_webhook(method: str, path: str) -> None:
    assert not matches(rules()["webhooks"]["Statement"], method, path)


def test_samples_hide_credentials() -> None:
    protections = waf()["ApiWebAcl"]["Properties"]["DataProtectionConfig"]["DataProtections"]
    hidden = {key for each in protections for key in each["Field"]["FieldKeys"]}
    assert hidden == set(SECRET_HEADERS) == {"authorization", "stripe-signature"}


def test_refusals_of_the_web_acl_follow_the_error_contract() -> None:
    answer = RESPONSES["WAF_FILTERED"]
    assert answer.status == 403
    assert "firewall" in json.loads(answer.body("req-1"))["error"]["message"]

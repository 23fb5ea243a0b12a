"""A web ACL in front of the API, as a parameter: off unless a stage asks for it, because it costs by the month.

A web ACL costs 5 dollars a month, each of its rules 1, and a million requests 0.60: 10 dollars a month, and the
requests (`tests/bench/prices.json` dates these prices). The groups of rules used here are AWS's own, without a price
beyond that.

AWS WAF logs nothing here: its log holds addresses, whole paths and headers. Its metrics and samples are on, and the
samples hide what authenticates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.webhook import PATH
from infra.template.api import RATE
from infra.template.intrinsics import Json, get_att, is_given, ref, sub

WEB_ACL = "WebAcl"
HAS_WEB_ACL = "HasWebAcl"
WEB_ACL_COUNTS = "WebAclCounts"
OFF, COUNT, BLOCK = "off", "count", "block"

PARAMETERS: Mapping[str, Json] = {
    WEB_ACL: {
        "Type": "String",
        "Default": OFF,
        "AllowedPattern": f"{OFF}|{COUNT}|{BLOCK}",
        "ConstraintDescription": "must be off, count (AWS WAF counts what it would refuse) or block",
        "Description": "Whether AWS WAF stands before the API: off, count or block; some 10 dollars a month",
    }
}
CONDITIONS: Json = {
    HAS_WEB_ACL: is_given(WEB_ACL, unless=OFF),
    WEB_ACL_COUNTS: {"Fn::Equals": [ref(WEB_ACL), COUNT]},
}

WINDOW = 300
"""Seconds over which AWS WAF counts an address's requests."""
ADDRESS_LIMIT = RATE // 2 * WINDOW
"""Requests of one address in a window. One address gets half of what a method takes from all of them together. An
office behind one address needs a hundredth of it."""

EXEMPT_PATHS = (PATH, f"/api{PATH}")
"""As a domain of the API's own shows the path, and as execute-api does, with the stage before it."""

REPUTATION = "AWSManagedRulesAmazonIpReputationList"
KNOWN_BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"
COMMON = "AWSManagedRulesCommonRuleSet"
BODY_RULES: Mapping[str, tuple[str, ...]] = {
    KNOWN_BAD_INPUTS: ("JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"),
    COMMON: (
        "SizeRestrictions_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "CrossSiteScripting_BODY",
    ),
}
"""The rules of each group that read bodies. They only count: a batch is larger than the 8 KB that AWS's rule takes,
and a memo of an invoice may hold whatever somebody writes, which every reader of it treats as text
(https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html)."""

SECRET_HEADERS = ("authorization", "stripe-signature")


def waf() -> Json:
    """The web ACL and its association with the API's stage, both only where the stage asks for them."""
    stage = sub("arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestAPI}/stages/${RestAPI.Stage}")
    return {
        "ApiWebAcl": {
            "Type": "AWS::WAFv2::WebACL",
            "Condition": HAS_WEB_ACL,
            "Properties": {
                "Name": sub("${AWS::StackName}"),
                "Scope": "REGIONAL",
                "DefaultAction": {"Allow": {}},
                "Rules": [{**rule, "Priority": number} for number, rule in enumerate(_rules())],
                "VisibilityConfig": _visible("all"),
                "DataProtectionConfig": {"DataProtections": [_hidden(name) for name in SECRET_HEADERS]},
            },
        },
        "ApiWebAclAssociation": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Condition": HAS_WEB_ACL,
            "Properties": {"ResourceArn": stage, "WebACLArn": get_att("ApiWebAcl")},
        },
    }


def _rules() -> list[Json]:
    """In the order in which they are asked. Those after `webhooks` are not asked about webhooks."""
    limit = {"Limit": ADDRESS_LIMIT, "EvaluationWindowSec": WINDOW, "AggregateKeyType": "IP"}
    return [
        _managed_group("reputation", REPUTATION),
        _rule("webhooks", _webhook(), {"Action": {"Allow": {}}}),
        _rule("rate", {"RateBasedStatement": limit}, {"Action": _unless_counting({"Block": {}})}),
        _managed_group("known-bad-inputs", KNOWN_BAD_INPUTS),
        _managed_group("common", COMMON),
    ]


def _webhook() -> Json:
    """Stripe's webhooks: from few addresses, with large bodies, and worth nothing without a signature.

    The path is compared as it was sent: neither case nor encoding makes another path look like this one.
    """
    paths = [_equal({"UriPath": {}}, path) for path in EXEMPT_PATHS]
    return {"AndStatement": {"Statements": [_equal({"Method": {}}, "POST"), {"OrStatement": {"Statements": paths}}]}}


def _equal(field: Json, text: str) -> Json:
    return {
        "ByteMatchStatement": {
            "FieldToMatch": field,
            "SearchString": text,
            "PositionalConstraint": "EXACTLY",
            "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        }
    }


def _managed_group(name: str, group: str) -> Json:
    overrides = [{"Name": rule, "ActionToUse": {"Count": {}}} for rule in BODY_RULES.get(group, ())]
    statement: Json = {"VendorName": "AWS", "Name": group}
    if overrides:
        statement["RuleActionOverrides"] = overrides
    return _rule(name, {"ManagedRuleGroupStatement": statement}, {"OverrideAction": _unless_counting({"None": {}})})


def _unless_counting(action: Json) -> Json:
    return {"Fn::If": [WEB_ACL_COUNTS, {"Count": {}}, action]}


def _rule(name: str, statement: Json, action: Json) -> Json:
    return {"Name": name, "Statement": statement, **action, "VisibilityConfig": _visible(name)}


def _visible(name: str) -> dict[str, Any]:
    return {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True, "MetricName": name}


def _hidden(header: str) -> Json:
    return {"Action": "SUBSTITUTION", "Field": {"FieldType": "SINGLE_HEADER", "FieldKeys": [header]}}

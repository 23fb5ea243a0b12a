"""A web ACL in front of the API. It is off unless a stage asks for it by a parameter, because it costs money.

A web ACL costs 5 dollars a month, each of its rules 1 dollar, and a million requests 0.60 dollars. That makes 10
dollars a month, plus the requests (`tests/bench/prices.json` dates these prices). The rule groups here are AWS's own
and cost nothing more.

AWS WAF logs nothing here, because its log contains addresses, full paths and headers. Its metrics and samples are on,
and the samples hide the headers that authenticate.
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
"""Seconds over which AWS WAF counts the requests of one address."""
ADDRESS_LIMIT = RATE // 2 * WINDOW
"""Requests of one address in a window. One address gets half of the requests that a method accepts from all addresses
together. An office behind one address needs a hundredth of that.
"""

EXEMPT_PATHS = (PATH, f"/api{PATH}")
"""The path as a domain of the API's own shows it, and as execute-api shows it, after the stage."""

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
"""The rules of each group that inspect bodies. They only count, because a batch is larger than the 8 KB that AWS's
rule accepts, and because the memo of an invoice may contain any text, which every reader treats as text
(https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html).
"""

SECRET_HEADERS = ("authorization", "stripe-signature")


def waf() -> Json:
    """Returns the web ACL and its association with the API's stage. Both exist only where the stage asks for them."""
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
    """Returns the rules in the order of their evaluation. The rules after `webhooks` do not apply to webhooks."""
    limit = {"Limit": ADDRESS_LIMIT, "EvaluationWindowSec": WINDOW, "AggregateKeyType": "IP"}
    return [
        _managed_group("reputation", REPUTATION),
        _rule("webhooks", _webhook(), {"Action": {"Allow": {}}}),
        _rule("rate", {"RateBasedStatement": limit}, {"Action": _unless_counting({"Block": {}})}),
        _managed_group("known-bad-inputs", KNOWN_BAD_INPUTS),
        _managed_group("common", COMMON),
    ]


def _webhook() -> Json:
    """Returns the statement that matches Stripe's webhooks: from few addresses, with large bodies, useless if
    unsigned.

    The path is compared as it was sent, so that no other spelling or encoding of a path matches.
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

"""The template that `make scan` checks, and its handling of findings. Only `make scan` runs the scanners."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from infra.ops.screen import Screen
from infra.template import merge_template
from infra.template.settings import DEVELOPMENT_ORIGINS
from infra.waivers import Waiver
from tests.scanners.__main__ import HARDENED, report, scan
from tests.scanners.template import Json, with_conditions_resolved
from tests.scanners.tools import Finding

TEMPLATE: Json = {
    "Parameters": {"Key": {"Default": ""}, "Domain": {"Default": ""}},
    "Conditions": {
        "HasKey": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Key"}, ""]}]},
        "HasBoth": {"Fn::And": [{"Condition": "HasKey"}, {"Fn::Not": [{"Fn::Equals": [{"Ref": "Domain"}, ""]}]}]},
    },
    "Resources": {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "KmsMasterKeyId": {"Fn::If": ["HasKey", {"Ref": "Key"}, {"Ref": "AWS::NoValue"}]},
                "QueueName": {"Fn::Sub": "${Key}-queue"},
            },
        },
        "Mapping": {"Type": "AWS::ApiGateway::BasePathMapping", "Condition": "HasBoth"},
    },
}
"""A queue that may have a key, and a resource that takes both options."""

FINDING = Finding("checkov", "CKV_AWS_27", "queues are encrypted with KMS", "Queue")


def test_scanners_check_the_template_without_the_options() -> None:
    assert with_conditions_resolved(TEMPLATE, {})["Resources"] == {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${Key}-queue"}}}
    }


def test_scanners_check_the_template_with_the_options() -> None:
    resources = with_conditions_resolved(TEMPLATE, {"Key": "arn", "Domain": "api.example.test"})["Resources"]
    assert resources["Queue"]["Properties"]["KmsMasterKeyId"] == "arn"
    assert resources["Mapping"] == {"Type": "AWS::ApiGateway::BasePathMapping"}


def test_every_option_of_a_condition_is_scanned_except_the_one_for_development() -> None:
    template = merge_template()
    referenced_parameters = {
        name for name in template["Parameters"] if f'{{"Ref": "{name}"}}' in json.dumps(template["Conditions"])
    }
    assert referenced_parameters - {DEVELOPMENT_ORIGINS} == HARDENED.keys() - {"CertificateArn"}
    assert all(
        HARDENED[name] != template["Parameters"][name]["Default"] for name in referenced_parameters & HARDENED.keys()
    )


def test_a_condition_of_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match="Fn::Contains"):
        with_conditions_resolved(
            {**TEMPLATE, "Conditions": {**TEMPLATE["Conditions"], "HasBoth": {"Fn::Contains": []}}}, {}
        )


def test_a_finding_without_a_waiver_fails_the_scan() -> None:
    screen = Screen(as_json=True)
    report(_rows(FINDING), [], screen)
    assert screen.document["failures"] == ["checkov CKV_AWS_27 has no waiver: queues are encrypted with KMS"]


def test_a_waived_finding_is_shown_with_its_reason_and_the_day_of_its_review() -> None:
    screen = Screen(as_json=True)
    report(_rows(FINDING), [_waived("CKV_AWS_27")], screen)
    assert not screen.failed
    assert screen.document["findings"][0]["waiver"] == "until 2027-05-31: It is meant."


def test_a_waiver_without_a_finding_fails_the_scan() -> None:
    screen = Screen(as_json=True)
    report([], [_waived("CKV_AWS_27")], screen)
    assert screen.failed


def _waived(rule: str) -> Waiver:
    return Waiver("checkov", rule, "It is meant.", dt.date(2026, 11, 29), dt.date(2027, 5, 31))


def _rows(*findings: Finding) -> list[dict[str, object]]:
    def judge(template: Path) -> set[Finding]:
        return set(findings)

    return [dict(row) for row in scan(TEMPLATE, {"checkov": judge})]

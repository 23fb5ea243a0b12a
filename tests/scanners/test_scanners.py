"""What `make scan` is given, and what it makes of findings. The scanners themselves are run by `make scan` alone."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from infra.ops.screen import Screen
from infra.template import merge_template
from infra.template.settings import DEVELOPMENT_ORIGINS
from infra.waivers import Waiver
from tests.scanners.__main__ import HARDENED, scan, told
from tests.scanners.template import Json, decided
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
    assert decided(TEMPLATE, {})["Resources"] == {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${Key}-queue"}}}
    }


def test_scanners_check_the_template_with_the_options() -> None:
    made = decided(TEMPLATE, {"Key": "arn", "Domain": "api.example.test"})["Resources"]
    assert made["Queue"]["Properties"]["KmsMasterKeyId"] == "arn"
    assert made["Mapping"] == {"Type": "AWS::ApiGateway::BasePathMapping"}


def test_every_option_of_a_condition_is_scanned_except_the_one_for_development() -> None:
    made = merge_template()
    asked = {name for name in made["Parameters"] if f'{{"Ref": "{name}"}}' in json.dumps(made["Conditions"])}
    assert asked - {DEVELOPMENT_ORIGINS} == HARDENED.keys() - {"CertificateArn"}
    assert all(HARDENED[name] != made["Parameters"][name]["Default"] for name in asked & HARDENED.keys())


def test_a_condition_of_an_unknown_form_is_refused() -> None:
    with pytest.raises(ValueError, match="Fn::Contains"):
        decided({**TEMPLATE, "Conditions": {**TEMPLATE["Conditions"], "HasBoth": {"Fn::Contains": []}}}, {})


def test_a_finding_without_a_waiver_fails_the_scan() -> None:
    screen = Screen(as_json=True)
    told(_rows(FINDING), [], screen)
    assert screen.document["failures"] == ["checkov CKV_AWS_27 has no waiver: queues are encrypted with KMS"]


def test_a_waived_finding_is_shown_with_its_reason_and_the_day_of_its_review() -> None:
    screen = Screen(as_json=True)
    told(_rows(FINDING), [_waived("CKV_AWS_27")], screen)
    assert not screen.failed
    assert screen.document["findings"][0]["waiver"] == "until 2027-05-31: It is meant."


def test_a_waiver_without_a_finding_fails_the_scan() -> None:
    screen = Screen(as_json=True)
    told([], [_waived("CKV_AWS_27")], screen)
    assert screen.failed


def _waived(rule: str) -> Waiver:
    return Waiver("checkov", rule, "It is meant.", dt.date(2026, 11, 29), dt.date(2027, 5, 31))


def _rows(*findings: Finding) -> list[dict[str, object]]:
    def judge(template: Path) -> set[Finding]:
        return set(findings)

    return [dict(row) for row in scan(TEMPLATE, {"checkov": judge})]

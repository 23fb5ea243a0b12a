"""The transformed template with each option alone, with all options, and with all options but one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from infra.template.releases import IN_STEPS
from infra.template.settings import DEVELOPMENT_ORIGINS
from tests.infrastructure.cloudformation import Template, transformed, with_conditions_resolved, with_uploaded_code
from tests.infrastructure.conftest import Package
from tests.scanners.__main__ import HARDENED

pytestmark = pytest.mark.package

OPTIONS = {**HARDENED, DEVELOPMENT_ORIGINS: "http://localhost:5173", IN_STEPS: "false"}
COMBINATIONS: dict[str, dict[str, str]] = {
    "none": {},
    "all": OPTIONS,
    **{f"{name} alone": {name: value} for name, value in OPTIONS.items()},
    **{f"all but {but}": {name: value for name, value in OPTIONS.items() if name != but} for but in OPTIONS},
}
CALLED_BY_NAME = {"AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig"}
"""The types of resources that name the function itself. All others have to call its alias."""
_FILLED_IN = re.compile(r"\$\{(\w+)(?:\.\w+)?\}")


def referred_to(part: Any) -> Iterator[str]:
    """Yields the names of all resources and parameters that a part of a template refers to."""
    match part:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": [str(text), dict(named)]}:
            yield from set(_FILLED_IN.findall(text)) - named.keys()
            yield from referred_to([*named.values()])
        case {"Fn::Sub": str(text)}:
            yield from _FILLED_IN.findall(text)
        case dict():
            depends = part.get("DependsOn", [])
            yield from [depends] if isinstance(depends, str) else depends
            yield from referred_to([value for key, value in part.items() if key != "DependsOn"])
        case list():
            for each in part:
                yield from referred_to(each)


def made_with(template: Template, options: Mapping[str, str]) -> Template:
    return with_conditions_resolved(transformed(with_uploaded_code(template), options), options)


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_no_resource_depends_on_itself_or_a_missing_resource_and_all_calls_use_aliases(
    package: Package, combination: str
) -> None:
    template = made_with(package.template, COMBINATIONS[combination])
    resources = template["Resources"]
    uses = {name: set(referred_to(each)) for name, each in resources.items()}

    existing_names = {*resources, *template["Parameters"]}
    referenced_names = set(referred_to(template["Outputs"])).union(*uses.values())
    assert {name for name in referenced_names - existing_names if not name.startswith("AWS::")} == set()
    assert set(TopologicalSorter(uses).static_order()) >= resources.keys(), "else it raises a CycleError"

    functions = {name for name, each in resources.items() if each["Type"] == "AWS::Lambda::Function"}
    callers = {resources[name]["Type"] for name, references in uses.items() if references & functions}
    assert callers == CALLED_BY_NAME


def test_a_stage_with_every_option_matches_the_schemas_of_aws(package: Package) -> None:
    template = made_with(package.template, OPTIONS)
    text = json.dumps([template["Resources"], template["Outputs"]])
    used_parameters = {
        name: {**each, "Default": OPTIONS[name]} if name in OPTIONS else each
        for name, each in template["Parameters"].items()
        if f'{{"Ref": "{name}"}}' in text or f"${{{name}}}" in text
    }
    faults = lint(json.dumps({**template, "Parameters": used_parameters}), config=ManualArgs(regions=["us-east-1"]))
    assert [f"{fault.message} ({fault.rule.id})" for fault in faults] == []

"""A permissions boundary for every role of the stack, where a stage names one."""

from __future__ import annotations

from collections.abc import Mapping

from infra.template.intrinsics import Json, is_given, ref, when

BOUNDARY = "PermissionsBoundaryArn"
HAS_BOUNDARY = "HasPermissionsBoundary"

PARAMETERS: Mapping[str, Json] = {
    BOUNDARY: {
        "Type": "String",
        "Default": "",
        "Description": "The managed policy that no role of the stack may go beyond, or nothing",
        "AllowedPattern": r"(arn:aws[a-z-]*:iam::(\d{12}|aws):policy/.+)?",
        "ConstraintDescription": "must be the ARN of a managed policy",
    }
}

CONDITIONS: Json = {HAS_BOUNDARY: is_given(BOUNDARY)}

SETTINGS: Mapping[str, Json] = {"AWS::IAM::Role": {"PermissionsBoundary": when(HAS_BOUNDARY, ref(BOUNDARY))}}
"""The properties that are added to every resource of a type."""

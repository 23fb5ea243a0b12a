"""Code signing: where a stage says so, Lambda accepts code only if a signing profile of the account has signed it."""

from __future__ import annotations

from collections.abc import Mapping

from infra.template.intrinsics import Json, is_given, ref, when

SIGNING = "CodeSigningConfigArn"
HAS_SIGNING = "HasCodeSigning"

PARAMETERS: Mapping[str, Json] = {
    SIGNING: {
        "Type": "String",
        "Default": "",
        "Description": "The code signing configuration of the functions, or nothing; with signing_profile",
        "AllowedPattern": r"(arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:code-signing-config:csc-[a-z0-9]{17})?",
        "ConstraintDescription": "must be the ARN of a code signing configuration of Lambda",
    }
}

CONDITIONS: Json = {HAS_SIGNING: is_given(SIGNING)}

SETTINGS: Mapping[str, Json] = {"AWS::Serverless::Function": {SIGNING: when(HAS_SIGNING, ref(SIGNING))}}
"""The properties that are added to every resource of a type."""

"""Code signing: Lambda takes code only if a profile of the account's has signed it, where a stage says so."""

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
"""By type of resource: what each of them has besides its own properties."""

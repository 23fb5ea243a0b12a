"""The API's settings that Chalice does not have: limits, logs, traces, API Gateway's own responses, CORS, a
domain.
"""

from __future__ import annotations

import json

from chalicelib.api.http.cross_origin import ALLOWED_HEADERS
from chalicelib.domain.bearer import BEARER
from chalicelib.domain.retention import ACCESS_LOGS
from chalicelib.functions import AUTHORIZER
from infra.template.gateway_responses import gateway_responses
from infra.template.intrinsics import Json, allowed_origin, get_att, ref, sub
from infra.template.log_groups import log_group

RATE = 100
BURST = 200
"""The most requests a second to one method, and the most at the same moment."""
WEBHOOK_RATE = 400
WEBHOOK_BURST = 800
"""A company's evening run makes Stripe send thousands of events. Stripe repeats a refused event only minutes
later.
"""
PREFLIGHT_MAX_AGE = 600
"""Seconds that a browser may remember a preflight."""
COMPRESSED_FROM = 1024
"""Bytes. A smaller response fits in one network packet with its headers, so compressing it would not save time."""
WEBHOOKS = "/~1v1~1stripe~1webhooks"
IDENTITY_VALIDATION = BEARER
"""API Gateway responds with 401 to a request whose Authorization header does not match this pattern, and does not
invoke the authorizer
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html).
"""

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "at": "$context.requestTime",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "latencyMs": "$context.responseLatency",
    "integrationLatencyMs": "$context.integrationLatency",
    "integrationStatus": "$context.integration.status",
    "authorizerError": "$context.authorizer.error",
    "error": "$context.error.responseType",
    "bytes": "$context.responseLength",
}
"""The log has no addresses and no actual paths, because those are personal data or contain customers' ids."""


def rest_api() -> Json:
    """Returns the properties that are merged into Chalice's `RestAPI`."""
    return {
        "Type": "AWS::Serverless::Api",
        "Properties": {
            "Name": sub("${AWS::StackName}"),
            # Without this setting SAM adds a second stage with the name "Stage".
            "OpenApiVersion": "2.0",
            # SAM deploys when it detects a change. It does not detect a changed parameter, such as PomSettingsUrl.
            "AlwaysDeploy": True,
            # X-Ray would store the full URL of each traced request for 30 days. The functions are traced instead.
            "TracingEnabled": False,
            "MinimumCompressionSize": COMPRESSED_FROM,
            "AccessLogSetting": {"DestinationArn": get_att("ApiAccessLogGroup"), "Format": json.dumps(ACCESS_LOG)},
            "MethodSettings": [
                _limits("/*", "*", RATE, BURST),
                _limits(WEBHOOKS, "POST", WEBHOOK_RATE, WEBHOOK_BURST),
            ],
            "GatewayResponses": gateway_responses(),
            "DefinitionBody": {"securityDefinitions": {AUTHORIZER: _identity_validation()}},
            # Through the execute-api address, callers would bypass the domain and the firewall in front of it.
            "DisableExecuteApiEndpoint": {"Fn::If": ["HasDomain", True, False]},
            "Cors": {
                "AllowOrigin": allowed_origin(),
                "AllowHeaders": f"'{','.join(ALLOWED_HEADERS)}'",
                "MaxAge": f"'{PREFLIGHT_MAX_AGE}'",
            },
        },
    }


def _identity_validation() -> Json:
    return {"x-amazon-apigateway-authorizer": {"identityValidationExpression": IDENTITY_VALIDATION}}


def _limits(path: str, method: str, rate: int, burst: int) -> Json:
    return {
        "ResourcePath": path,
        "HttpMethod": method,
        "ThrottlingRateLimit": rate,
        "ThrottlingBurstLimit": burst,
        # AWS bills metrics by method as custom metrics, 50 dollars a month. POM's own metrics by route say the same.
        "MetricsEnabled": False,
        "DataTraceEnabled": False,
        "LoggingLevel": "OFF",
    }


def api_resources() -> Json:
    """Returns the access log group, and the domain if there is one.

    `infra/account.json` gives API Gateway the right to write logs.
    """
    return {
        "ApiAccessLogGroup": log_group("/aws/apigateway/${AWS::StackName}", ACCESS_LOGS.days),
        "ApiDomain": {
            "Type": "AWS::ApiGateway::DomainName",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": ref("DomainName"),
                "RegionalCertificateArn": ref("CertificateArn"),
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            },
        },
        "ApiMapping": {
            "Type": "AWS::ApiGateway::BasePathMapping",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": ref("ApiDomain"),
                "RestApiId": ref("RestAPI"),
                "Stage": ref("RestAPI.Stage"),
            },
        },
    }

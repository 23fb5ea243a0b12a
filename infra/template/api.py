"""The API's settings that Chalice does not know: limits, logs, traces, its own answers, CORS and a domain."""

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
"""Requests a second for each method, and at once."""
WEBHOOK_RATE = 400
WEBHOOK_BURST = 800
"""A company's evening run makes Stripe send thousands of events; one refused comes again only after minutes."""
PREFLIGHT_MAX_AGE = 600
"""Seconds that a browser may remember a preflight."""
COMPRESSED_FROM = 1024
"""Bytes. A smaller answer fits in one network packet with its headers, so compressing it would save nobody time."""
WEBHOOKS = "/~1v1~1stripe~1webhooks"
IDENTITY_VALIDATION = BEARER
"""A request whose Authorization header does not match is answered 401, and the authorizer is not invoked
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html)."""

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
"""No addresses and no real paths: those are personal data, or have ids of customers in them."""


def rest_api() -> Json:
    """What is merged into Chalice's `RestAPI`."""
    return {
        "Type": "AWS::Serverless::Api",
        "Properties": {
            "Name": sub("${AWS::StackName}"),
            # Without it SAM adds a stray stage of the name "Stage".
            "OpenApiVersion": "2.0",
            # SAM deploys when it sees a change, and it does not see that of a parameter, such as PomSettingsUrl.
            "AlwaysDeploy": True,
            # X-Ray would keep the whole address and path of each traced request for 30 days. Functions are traced.
            "TracingEnabled": False,
            "MinimumCompressionSize": COMPRESSED_FROM,
            "AccessLogSetting": {"DestinationArn": get_att("ApiAccessLogGroup"), "Format": json.dumps(ACCESS_LOG)},
            "MethodSettings": [
                _limits("/*", "*", RATE, BURST),
                _limits(WEBHOOKS, "POST", WEBHOOK_RATE, WEBHOOK_BURST),
            ],
            "GatewayResponses": gateway_responses(),
            "DefinitionBody": {"securityDefinitions": {AUTHORIZER: _identity_validation()}},
            # Callers would get around the domain, and around what is put in front of it.
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
        # By method they would be billed as custom metrics, 50 dollars a month, and say what ours say by route.
        "MetricsEnabled": False,
        "DataTraceEnabled": False,
        "LoggingLevel": "OFF",
    }


def api_resources() -> Json:
    """Access logs, and the domain if there is one. API Gateway's right to write logs is in infra/account.json."""
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

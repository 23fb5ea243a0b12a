"""Rows about requests from outside: bodies, tokens, closed addresses, and AWS WAF where the stage has it."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from chalicelib.domain.webhook import PATH
from infra.deploy.findings import CheckFailed
from infra.deploy.trial.site import Answer, Request, Site
from infra.deploy.trial.storage_rows import QUEUE
from infra.deploy.trial.verdicts import Harmless, NotTried, Row
from infra.template.gateway_responses import FILTERED, UNAUTHORIZED
from infra.template.waf import BLOCK, OFF, WEB_ACL

LARGE = 7_000_000
"""Bytes: less than API Gateway accepts (10 MB), and more than Lambda accepts (6 MB)."""
SAMPLED_WITHIN = dt.timedelta(minutes=30)
REST_API = "AWS::ApiGateway::RestApi"
JSON = {"Content-Type": "application/json"}


def _post(site: Site, body: bytes, **headers: str) -> Answer:
    return site.ask(Request("POST", site.url(PATH), {**JSON, **headers}, body))


def _require_refusal(answer: Answer, fits: Callable[[int], bool], expected: str) -> str:
    """Returns the status of a refused body.

    Raises:
        CheckFailed: the API accepted the body, failed with 5xx, or did not respond.
        Harmless: the API refused the body with another 4xx.
    """
    if fits(answer.status):
        return str(answer.status)
    if 400 <= answer.status < 500:
        raise Harmless(f"{answer.status} instead of {expected}: it is refused, and fires no alarm")
    if answer.status >= 500:
        raise CheckFailed(
            f"{answer.status} instead of {expected}: it fires ErrorsFast, so any sender can page the person on call"
        )
    raise CheckFailed(f"{_response_text(answer)} instead of {expected}")


def _response_text(answer: Answer) -> str:
    return str(answer.status) if answer.status else answer.body.decode(errors="replace")


def _large_post(site: Site) -> str:
    return _require_refusal(_post(site, bytes(LARGE)), lambda status: status == 413, "413")


def _broken_gzip(site: Site) -> str:
    return _require_refusal(_post(site, b"xx", **{"Content-Encoding": "gzip"}), lambda it: 400 <= it < 500, "4xx")


def _gzip_bomb(site: Site) -> str:
    packed = gzip.compress(bytes(LARGE))
    return _require_refusal(_post(site, packed, **{"Content-Encoding": "gzip"}), lambda status: status == 413, "413")


def _no_token(site: Site) -> str:
    answer = site.ask(Request("GET", site.url("/v1/invoices"), {"Authorization": "Bearer hello"}))
    return _require_error(answer, UNAUTHORIZED.status, UNAUTHORIZED.code)


def _require_error(answer: Answer, status: int, code: str) -> str:
    """Returns the status and the code of an error response.

    Raises:
        CheckFailed: the status differs, or the body is not an error of our contract with this code.
    """
    if answer.status != status:
        raise CheckFailed(f"{_response_text(answer)} instead of {status}")
    try:
        error_code = json.loads(answer.body)["error"]["code"]
    except (ValueError, KeyError, TypeError) as exc:
        raise CheckFailed(f"{status} with a body that is not our contract's error") from exc
    if error_code != code:
        raise CheckFailed(f"{status} with the code {error_code}, not {code}")
    return f"{status}, {code}"


def _with_token(site: Site) -> str:
    if not site.token:
        raise NotTried("no token was given: put an access token of POM's for this stage into POM_TOKEN")
    answer = site.ask(Request("GET", site.url("/v1/invoices"), {"Authorization": f"Bearer {site.token}"}))
    if answer.status != 200:
        raise CheckFailed(f"{_response_text(answer)} instead of 200, unless the token in POM_TOKEN has expired")
    return "200"


def _own_address_closed(site: Site) -> str:
    if not site.settings.domain:
        raise NotTried("the stage has no domain, so API Gateway's own address is the one that is used")
    [api] = site.physical_ids(REST_API).values()
    if not site.client("apigateway").get_rest_api(restApiId=api).get("disableExecuteApiEndpoint"):
        raise CheckFailed(f"the API {api} still answers at API Gateway's own address, past the domain")
    url = f"https://{api}.execute-api.{site.settings.region}.amazonaws.com/api/v1/health"
    answer = site.ask(Request("GET", url, {}))
    if answer.status != 403:
        raise CheckFailed(f"{url} responds with {_response_text(answer)} instead of 403")
    return "closed, 403"


def _plain_http(site: Site) -> str:
    queue = min(site.physical_ids(QUEUE).values())
    site.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])  # allowed with TLS
    answer = site.ask(_signed_request(site, queue))
    if answer.status == 403:
        return "refused: 403"
    if not answer.status:
        raise NotTried(f"plain HTTP got no response from here: {_response_text(answer)}")
    raise CheckFailed(
        f"{queue.rpartition('/')[2]} responds with {answer.status} to plain HTTP, which its policy should refuse"
    )


def _signed_request(site: Site, queue: str) -> Request:
    """Returns a signed request for a queue's ARN over plain HTTP."""
    region = site.settings.region
    body = json.dumps({"QueueUrl": queue, "AttributeNames": ["QueueArn"]}).encode()
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.GetQueueAttributes"}
    request: Any = AWSRequest("POST", f"http://sqs.{region}.amazonaws.com/", headers=headers, data=body)
    credentials: Any = boto3.Session().get_credentials()
    SigV4Auth(credentials, "sqs", region).add_auth(request)
    return Request("POST", request.url, dict(request.headers.items()), body)


def _web_acl(site: Site) -> str:
    """Returns the ARN of the stage's web ACL. CloudFormation's physical id of it is `name|id|scope`."""
    if site.parameters.get(WEB_ACL, OFF) == OFF:
        raise NotTried(f"the stage has no web ACL: {WEB_ACL} is {OFF}")
    [physical] = site.physical_ids("AWS::WAFv2::WebACL").values()
    name, acl, scope = physical.split("|")
    arn: str = site.client("wafv2").get_web_acl(Name=name, Id=acl, Scope=scope)["WebACL"]["ARN"]
    return arn


def _samples(site: Site) -> str:
    arn = _web_acl(site)
    now = dt.datetime.fromtimestamp(site.now(), dt.UTC)
    samples = site.client("wafv2").get_sampled_requests(
        WebAclArn=arn,
        RuleMetricName="webhooks",
        Scope="REGIONAL",
        TimeWindow={"StartTime": now - SAMPLED_WITHIN, "EndTime": now},
        MaxItems=100,
    )["SampledRequests"]
    paths = sorted({each["Request"]["URI"] for each in samples})
    if not paths:
        raise CheckFailed(
            f"AWS WAF has let no webhook past its rules in {SAMPLED_WITHIN.seconds // 60} minutes, although the"
            f" canary posted some: it sees another path than {PATH}"
        )
    return f"{len(samples)} of {', '.join(paths)}"


def _web_acl_refuses(site: Site) -> str:
    _web_acl(site)
    if site.parameters[WEB_ACL] != BLOCK:
        raise NotTried(f"{WEB_ACL} is {site.parameters[WEB_ACL]}, so it refuses nothing")
    answer = site.ask(Request("GET", site.url("/v1/health?x=../../../etc/passwd"), {}))
    return _require_error(answer, FILTERED.status, FILTERED.code)


ROWS = (
    Row("large post", "A post of 7 MB is refused with 413, and counts as no error of ours.", _large_post),
    Row("broken gzip", "A packed body that is broken is refused with 4xx.", _broken_gzip),
    Row("gzip bomb", "A packed body that unpacks to 7 MB is refused with 413.", _gzip_bomb),
    Row("no token", "An invalid token is refused with 401 in the form of our contract.", _no_token),
    Row("POM's token", "POM's token is accepted.", _with_token),
    Row("own address", "With a domain, API Gateway's own address is closed.", _own_address_closed),
    Row("plain HTTP", "Queues refuse plain HTTP.", _plain_http),
    Row("web ACL and webhooks", "AWS WAF lets webhooks past its rules.", _samples),
    Row("web ACL refuses", "The web ACL refuses with 403 in the form of our contract.", _web_acl_refuses),
)

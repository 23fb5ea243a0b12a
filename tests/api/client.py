"""A client of the API. Requests pass Chalice's local gateway, POM's authorizer and all code below them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalGateway, LocalGatewayException

from chalicelib.api.http.route_error_codes import error_codes_of
from chalicelib.api.http.route_table import ROUTES
from tests.api.tokens import Issuer
from tests.world import ADMIN, OFFICE, ORGANIZATION

OTHER_ORGANIZATION = "org_green"
Roles = tuple[str, ...]


@dataclass(frozen=True)
class Response:
    """An HTTP response. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> dict[str, Any]:
        return dict(self.json["error"])

    @property
    def code(self) -> str:
        return str(self.error["code"])


def require_listed_code(method: str, path: str, response: Response) -> None:
    """Fails if the response has an error code that the route's contract does not list."""
    if response.status < 400 or not response.text.startswith('{"error"'):
        return
    path_without_query = path.partition("?")[0]
    for route in ROUTES:
        if route.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), path_without_query):
            listed_codes = error_codes_of(route).get(response.status, ())
            assert response.code in listed_codes, (
                f"{route.label} returns {response.status} {response.code}: see its `refuses`"
            )
            return


@dataclass
class ApiClient:
    """Sends requests as a user with these roles. `token` replaces the whole token."""

    app: Chalice
    issuer: Issuer
    organization: str = ORGANIZATION
    user: str = OFFICE
    roles: Roles = ("billing",)
    gateway: LocalGateway = field(init=False)

    def __post_init__(self) -> None:
        self.gateway = LocalGateway(self.app, Config.create())

    def acting(self, *roles: str, organization: str = ORGANIZATION, user: str = OFFICE) -> ApiClient:
        return ApiClient(self.app, self.issuer, organization, user, roles)

    @property
    def admin(self) -> ApiClient:
        return self.acting("admin", user=ADMIN)

    def get(self, path: str, **options: Any) -> Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Response:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Response:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Response:
        return self.call("DELETE", path, **options)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Sends one request. A body that is not bytes is sent as JSON; `token=None` sends no token."""
        sent_headers = {}
        if token == "":
            token = self.issuer.token(self.organization, self.user, self.roles)
        if token is not None:
            sent_headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent_headers["Content-Type"] = "application/json"
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self._through_gateway(method, "/v1" + path, {**sent_headers, **(headers or {})}, raw)

    def _through_gateway(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Response:
        lower_headers = {name.lower(): value for name, value in headers.items()}
        try:
            response = self.gateway.handle_request(method=method, path=path, headers=lower_headers, body=body)
        except LocalGatewayException as refusal:
            return Response(refusal.CODE, {}, (refusal.body or b"{}").decode())
        except Exception as error:
            if str(error) != "Unauthorized":  # API Gateway responds 401 to exactly this message.
                raise
            return Response(401, {}, '{"message":"Unauthorized"}')
        headers_by_name = {name.lower(): value for name, value in response["headers"].items()}
        api_response = Response(response["statusCode"], headers_by_name, response["body"])
        require_listed_code(method, path, api_response)
        return api_response


def line(service: str = "svc_1", **more: Any) -> dict[str, Any]:
    """Returns the JSON of a line of 75.00. `more` are its other fields."""
    return {"serviceId": service, "description": "Weekly cleaning", "quantity": 1, "unitPrice": "75.00", **more}


def invoice_json(api: ApiClient, invoice_id: str) -> Any:
    response = api.get(f"/invoices/{invoice_id}")
    assert response.status == 200, response.text
    return response.json

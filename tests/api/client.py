"""A client of the API, through Chalice's stand-in for API Gateway, its authorizer, and everything below."""

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
NOBODY = None
Roles = tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are in lower case."""

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


def require_listed(method: str, path: str, answer: Answer) -> None:
    """Refuses an error code that the route's contract does not list."""
    if answer.status < 400 or not answer.text.startswith('{"error"'):
        return
    bare = path.partition("?")[0]
    for route in ROUTES:
        if route.method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path), bare):
            listed = error_codes_of(route).get(answer.status, ())
            assert answer.code in listed, f"{route.label} answers {answer.status} {answer.code}: see its `refuses`"
            return


@dataclass
class ApiClient:
    """Calls as a user with these roles; `token` replaces the whole token."""

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

    def get(self, path: str, **options: Any) -> Answer:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Answer:
        return self.call("DELETE", path, **options)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request; a body that is not bytes goes as JSON, and no token at all is `token=None`."""
        sent = {}
        if token == "":
            token = self.issuer.token(self.organization, self.user, self.roles)
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self._through_gateway(method, "/v1" + path, {**sent, **(headers or {})}, raw)

    def _through_gateway(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        low = {name.lower(): value for name, value in headers.items()}
        try:
            response = self.gateway.handle_request(method=method, path=path, headers=low, body=body)
        except LocalGatewayException as refused:
            return Answer(refused.CODE, {}, (refused.body or b"{}").decode())
        except Exception as error:
            if str(error) != "Unauthorized":  # API Gateway makes a 401 of this message alone
                raise
            return Answer(401, {}, '{"message":"Unauthorized"}')
        named = {name.lower(): value for name, value in response["headers"].items()}
        answer = Answer(response["statusCode"], named, response["body"])
        require_listed(method, path, answer)
        return answer

"""Connect OAuth (https://docs.stripe.com/connect/oauth-reference): the authorize page, token, deauthorize."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..api.auth import platform_mode, secret_key
from ..errors import OAuthFault, StripeFault
from ..http.messages import Request, Response, as_html, as_json, redirect
from ..objects import accounts
from ..state.ledger import JSON, Ledger
from ..state.world import World
from .authorize_page import authorize


@dataclass
class Code:
    """An authorization code. It works once, and expires after `Config.oauth_code_seconds`."""

    account: str
    scope: str
    livemode: bool
    expires: float
    used: bool = False


class OAuth:
    """Serves the authorize page with its form, and the two routes that the SDK calls."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.codes: dict[str, Code] = {}

    def handle(self, request: Request) -> Response:
        """Returns the response to a request under /oauth/."""
        try:
            with self._world.lock:
                if request.path == "/oauth/authorize":
                    return self._authorize(request)
                if request.method == "POST" and request.path == "/oauth/token":
                    return self._token(request)
                if request.method == "POST" and request.path == "/oauth/deauthorize":
                    return self._deauthorize(request)
        except OAuthFault as exc:
            return as_json(exc.status, exc.body)
        except StripeFault as exc:
            return as_json(exc.status, {"error": "invalid_client", "error_description": str(exc)})
        return as_json(404, {"error": "invalid_request", "error_description": "Unrecognized request URL"})

    def grant(self, account: str, *, scope: str = "read_write") -> str:
        """Returns an authorization code for an account, as if its owner had pressed Connect."""
        world, ledger = self._world, self._world.ledger(account)
        code = f"ac_{world.ids.token(32)}"
        self.codes[code] = Code(account, scope, ledger.livemode, world.clock.now() + world.config.oauth_code_seconds)
        return code

    def disconnect(self, ledger: Ledger) -> None:
        """Ends the platform's access. Emits `account.application.deauthorized` if the account was connected."""
        if not ledger.connected:
            return
        ledger.connected = False
        self._world.emit(ledger, "account.application.deauthorized", accounts.application(self._world))

    def connect(self, ledger: Ledger) -> None:
        """Gives the platform access. Emits `account.application.authorized` if the account was not connected."""
        if not ledger.connected:
            ledger.connected = True
            self._world.emit(ledger, "account.application.authorized", accounts.application(self._world))

    # -- the page --------------------------------------------------------------------------------------------------

    def _authorize(self, request: Request) -> Response:
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        livemode = self._client(query.get("client_id", ""))
        target = self._redirect_uri(query)
        state_params = {"state": query["state"]} if "state" in query else {}
        refusal = _refusal(query)
        if refusal:
            return redirect(
                _with_params(target, {"error": refusal[0], "error_description": refusal[1], **state_params})
            )
        if request.method == "GET":
            ledgers = [x for x in self._world.ledgers.values() if x.livemode == livemode]
            prefill = {k[12:-1]: v for k, v in query.items() if k.startswith("stripe_user[")}
            return as_html(200, authorize(self._world.config.application_name, ledgers, request.query, prefill))
        if form.get("decision") != "grant":
            denial = {"error": "access_denied", "error_description": "The user denied your request"}
            return redirect(_with_params(target, {**denial, **state_params}))
        ledger = self._chosen(form, livemode)
        scope = query.get("scope", "read_only")
        return redirect(
            _with_params(target, {"scope": scope, **state_params, "code": self.grant(ledger.id, scope=scope)})
        )

    def _client(self, client_id: str) -> bool:
        config = self._world.config
        if client_id not in (config.client_id_test, config.client_id_live):
            raise OAuthFault("invalid_client", f"No application matches the supplied client identifier: {client_id}")
        return client_id == config.client_id_live and config.client_id_live != config.client_id_test

    def _redirect_uri(self, query: JSON) -> str:
        registered_uris = self._world.config.redirect_uris
        requested_uri = str(query.get("redirect_uri") or (registered_uris[0] if registered_uris else ""))
        if not urlsplit(requested_uri).scheme or (registered_uris and requested_uri not in registered_uris):
            raise OAuthFault(
                "invalid_redirect_uri",
                "Invalid redirect URI. Ensure this uri exactly matches one of the uris specified in your application"
                " settings",
            )
        return requested_uri

    def _chosen(self, form: JSON, livemode: bool) -> Ledger:
        account_id = form.get("account") or "new"
        if account_id == "new":
            name = form.get("business_name") or "New Pool Company"
            return accounts.make(
                self._world, business_name=name, email=form.get("email") or None, livemode=livemode, connected=False
            )
        ledger = self._world.ledgers.get(account_id)
        if ledger is None or ledger.livemode != livemode:
            raise OAuthFault("invalid_request", f"No such account: {account_id}")
        return ledger

    # -- the SDK's calls -------------------------------------------------------------------------------------------

    def _token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        livemode = self._platform(request, form)
        if form.get("grant_type") != "authorization_code":
            raise OAuthFault("unsupported_grant_type", f"This grant type is not supported: {form.get('grant_type')}")
        if not form.get("code"):
            raise OAuthFault("invalid_request", "Missing required parameter: code")
        code = self.codes.get(form["code"])
        if code is None or code.livemode != livemode:
            raise OAuthFault("invalid_grant", f"Authorization code does not exist: {form['code']}")
        if code.used:
            self.disconnect(self._world.ledger(code.account))
            raise OAuthFault(
                "invalid_grant",
                "This authorization code has already been used. All tokens issued with this code have been revoked.",
            )
        if code.expires <= self._world.clock.now():
            raise OAuthFault("invalid_grant", "Authorization code expired")
        code.used = True
        ledger = self._world.ledger(code.account)
        self.connect(ledger)
        mode = "live" if livemode else "test"
        token = self._world.ids.token(24)
        return as_json(
            200,
            {
                "access_token": f"sk_{mode}_oauth{token}",
                "livemode": livemode,
                "refresh_token": f"rt_{token[::-1]}",
                "token_type": "bearer",
                "stripe_publishable_key": f"pk_{mode}_oauth{token}",
                "stripe_user_id": ledger.id,
                "scope": code.scope,
            },
        )

    def _deauthorize(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        livemode = self._platform(request, form)
        if self._client(form.get("client_id", "")) != livemode:
            raise OAuthFault("invalid_client", "The client_id's mode differs from the key's.", 401)
        ledger = self._world.ledgers.get(form.get("stripe_user_id", ""))
        if ledger is None or not ledger.connected or ledger.livemode != livemode:
            raise OAuthFault(
                "invalid_client",
                f"This application is not connected to stripe account {form.get('stripe_user_id')}, or that account"
                " does not exist.",
                401,
            )
        self.disconnect(ledger)
        return as_json(200, {"stripe_user_id": ledger.id})

    def _platform(self, request: Request, form: JSON) -> bool:
        key = form.get("client_secret") or secret_key(request)
        livemode = platform_mode(self._world, key)
        if livemode is None:
            raise OAuthFault("invalid_client", "Invalid API Key provided", 401)
        return livemode


def _refusal(query: JSON) -> tuple[str, str] | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type", "Only 'code' is supported for response_type"
    if query.get("scope", "read_only") not in ("read_only", "read_write"):
        return "invalid_scope", f"An invalid scope has been provided: {query.get('scope')}"
    return None


def _with_params(url: str, params: dict[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"

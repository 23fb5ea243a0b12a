"""Connects the account to an organization of POM: by OAuth if a person presses Connect, otherwise with a stored
grant.
"""

from __future__ import annotations

import subprocess
import sys
import urllib.parse
from typing import Any

from infra.demo.http import request
from infra.demo.people import query_of
from infra.local.stack import ROOT
from infra.sandbox.product.scene import NotAsAssumed, NotTried, Scene
from infra.sandbox.targets import DoubleTarget

GRANT_TIMEOUT = 60
"""Seconds."""
BY_OAUTH = "connecting by OAuth"
CONNECTED = "connected"
WITHOUT_OAUTH = (
    "Nobody pressed Connect. The grant was stored as the callback of OAuth stores it, and POM's admin completed it."
)


def connect(scene: Scene) -> None:
    """Adds two findings: whether OAuth connected the account, and whether the connection is usable."""
    scene.run_step(BY_OAUTH, "An admin installs Stripe: authorize, callback, complete.", _connect_by_oauth)
    scene.run_step(CONNECTED, "The account is connected and may take payments.", _check_connection)


def _connect_by_oauth(scene: Scene) -> str:
    authorization = scene.require_success(scene.admin.call("POST", "/stripe/connection"))
    url = authorization["authorizeUrl"].replace(scene.stack.urls.stripe, scene.session.target.connect_base)
    state = query_of(url)["state"]
    code = _code(scene, url)
    if code is None:
        _complete(scene, _store_grant(scene, state))
        raise NotTried(WITHOUT_OAUTH)
    query = urllib.parse.urlencode({"state": state, "code": code})
    callback_response = request("GET", f"{scene.stack.urls.oauth_callback}?{query}")
    callback_query = query_of(callback_response.headers.get("Location", ""))
    if callback_query.get("stripe") != "pending":
        raise NotAsAssumed(
            f"The callback answered {callback_response.status}, with {callback_query.get('code') or callback_query}."
        )
    _complete(scene, callback_query["state"])
    return "POM exchanged the code for the account, and the admin completed the connection."


def _code(scene: Scene, url: str) -> str | None:
    """Returns the authorization code; None if no person pressed Connect.

    The URL for a person has no redirect URI, because the platform has not registered POM's address on this machine.
    Stripe then uses the first registered address (https://docs.stripe.com/connect/oauth-reference).
    """
    if not scene.session.client_id:
        return None
    if not isinstance(scene.session.target, DoubleTarget):
        parts = urllib.parse.urlsplit(url)
        remaining_query = {name: value for name, value in query_of(url).items() if name != "redirect_uri"}
        return scene.session.authorize(
            urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(remaining_query)))
        )
    client: Any = scene.session.target.http_client()  # the SDK gives it no types
    form = urllib.parse.urlencode({"account": scene.session.account, "decision": "grant"})
    _, _, headers = client.request("post", url, {}, form)
    return query_of(headers["location"])["code"]


def _store_grant(scene: Scene, state: str) -> str:
    command = [sys.executable, "-m", "infra.sandbox.product.granting", state, scene.session.account]
    environment = scene.stack.child_environment()
    completed = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=GRANT_TIMEOUT, check=False
    )
    if completed.returncode != 0:
        raise NotAsAssumed(f"The grant could not be stored: {completed.stderr[-500:]}")
    return completed.stdout.strip()


def _complete(scene: Scene, state: str) -> None:
    scene.require_success(scene.admin.call("POST", "/stripe/connection/complete", {"state": state}))


def _check_connection(scene: Scene) -> str:
    scene.stack.wait_until_idle(scene.patience)  # connecting reads the account, and must not meet the steps' objects
    connection = scene.admin.get("/stripe/connection")
    if (connection["status"], connection["stripeAccountId"]) != ("connected", scene.session.account):
        raise NotAsAssumed(f"The connection is {connection['status']}: {connection['requirements']}")
    return f"The connection of {scene.session.account} is {connection['status']}."

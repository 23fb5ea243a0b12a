"""Environments that Lambda restores from one snapshot (SnapStart) share no state that must be unique or fresh.

`tests.restored` plays the restore. This module plays the outside: AWS, Stripe and POM's keys, which change between
snapshot and restore.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.functions import API_HANDLER, AUTHORIZER, Secret
from tests.api.tokens import Issuer, jwks, public_jwk
from tests.first_use import ENVIRONMENT
from tests.lambdas import MODULES, ROOT, loaded_by

OLD, NEW = "whsec_old", "whsec_new"
OLD_KEY, NEW_KEY = "key-old", "key-new"
OLD_ACCESS, NEW_ACCESS = "ASIAOLD", "ASIANEW"
PLATFORM_SECRET, WEBHOOK_SECRET = "platform", "webhook"
CREDENTIALS = "/credentials"
"""The source of a SnapStart function's credentials, because its environment has no access keys.

https://docs.aws.amazon.com/lambda/latest/dg/snapstart-activate.html#snapstart-credentials
"""
NOT_WITH_SNAPSTART = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "POWERTOOLS_METRICS_DISABLED"}
HOURS = 3 * 3600
"""Longer than the cache times of the snapshot's credentials, secrets and keys."""
FUNCTIONS = (API_HANDLER, "customer_sync", AUTHORIZER)
"""A function that receives webhooks, one that receives messages, and one that receives tokens."""
FETCHED_SECRETS = {
    API_HANDLER: (WEBHOOK_SECRET, PLATFORM_SECRET),
    "customer_sync": (PLATFORM_SECRET,),
    AUTHORIZER: ("/jwks.json",),
}
"""The secrets and keys that a restored function fetches and caches for a limited time."""
ENVIRONMENTS = 3
LIBRARIES = ("botocore", "chalicelib.adapters", "cryptography", "jwt", "pynamodb", "requests", "stripe")


class World:
    """All outside services, on one port. `snapshot` changes secrets, keys, credentials and the time."""

    def __init__(self) -> None:
        self.later = False
        self.seconds_later = 0
        self.requested: list[str] = []
        """The resources that were requested after the snapshot."""
        self.requested_before_the_snapshot: list[str] = []
        self.requested_by_connections_of_the_snapshot: list[str] = []
        self.signed: list[tuple[str, float]] = []
        """The access key of each request to AWS after the snapshot, and the seconds from now to its signing time."""
        self._connections: list[socket] = []
        world = self

        class Connection(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self.of_the_snapshot = not world.later
                world._connections.append(self.connection)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if world.later:
                    world.signed.append(
                        (_access_key(self.headers["Authorization"]), _age(self.headers["X-Amz-Date"]))
                    )
                operation = self.headers["X-Amz-Target"].rpartition(".")[2]
                self._respond(body["SecretId"] if operation == "GetSecretValue" else operation)

            def do_GET(self) -> None:
                self._respond(self.path.partition("?")[0])

            def _respond(self, resource: str) -> None:
                (world.requested if world.later else world.requested_before_the_snapshot).append(resource)
                if world.later and self.of_the_snapshot:
                    world.requested_by_connections_of_the_snapshot.append(resource)
                body = json.dumps(world.content_of(resource)).encode()
                self.send_response_only(200)
                self.send_header("Date", formatdate(usegmt=True))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Connection)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def content_of(self, resource: str) -> Any:
        expires = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.seconds_later, hours=1)
        credentials = {"AccessKeyId": NEW_ACCESS if self.later else OLD_ACCESS, "SecretAccessKey": "s", "Token": "t"}
        secret = {"apiKey": "sk_test", "clientId": "ca", "webhookSecrets": [NEW if self.later else OLD]}
        return {
            PLATFORM_SECRET: {"SecretString": json.dumps(secret)},
            WEBHOOK_SECRET: {"SecretString": json.dumps(secret)},
            "GetItem": {},
            "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
            CREDENTIALS: {**credentials, "Expiration": expires.isoformat()},
            "/jwks.json": jwks(public_jwk(NEW_KEY if self.later else OLD_KEY)),
            "/v1/webhook_endpoints": {"object": "list", "data": [], "has_more": False},
        }[resource]

    def snapshot(self, *, hang_up: bool, seconds_later: int) -> None:
        self.later, self.seconds_later = True, seconds_later
        for connection in self._connections if hang_up else ():
            with suppress(OSError):  # The connection may be closed already.
                connection.shutdown(SHUT_RDWR)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _access_key(authorization: str) -> str:
    return authorization.partition("Credential=")[2].partition("/")[0]


def _age(signed_at: str) -> float:
    """Returns the age in seconds of a signed request to AWS, from its X-Amz-Date."""
    then = dt.datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    return (then - dt.datetime.now(dt.UTC)).total_seconds()


@contextmanager
def world_outside() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@cache
def restored_environments(
    function: str,
    *,
    worked_before: bool = True,
    hang_up: bool = False,
    seconds_later: int = 60,
    monotonic_moves: bool = False,
) -> tuple[list[dict[str, Any]], World]:
    """Returns what each environment did and which requests it sent. The restore is played once for all tests."""
    with world_outside() as world:
        how = {
            "function": function,
            "worked_before": worked_before,
            "seconds_later": seconds_later,
            "monotonic_moves": monotonic_moves,
        }
        return _play(world, how, hang_up), world


def _play(world: World, how: dict[str, Any], hang_up: bool) -> list[dict[str, Any]]:
    function, seconds_later = how["function"], how["seconds_later"]
    issuer = Issuer()
    secrets_by_time = {"before": OLD, "after": NEW}
    tokens = {
        which: issuer.sign(key=key, exp=int(time.time()) + seconds_later + lifetime)
        for which, key, lifetime in (("before", OLD_KEY, 600), ("after", NEW_KEY, 600), ("expired", NEW_KEY, -600))
    }
    settings = {
        "TOKEN_ISSUER": "https://pom.example.test",
        "TOKEN_AUDIENCE": "pom-api",
        "TOKEN_JWKS_URL": f"{world.url}/jwks.json",
    }
    endpoints = {"AWS_ENDPOINT_URL": world.url, "STRIPE_API_BASE": world.url, "STRIPE_CONNECT_BASE": world.url}
    endpoints |= {"AWS_CONTAINER_CREDENTIALS_FULL_URI": world.url + CREDENTIALS}
    common_environment = {name: value for name, value in ENVIRONMENT.items() if name not in NOT_WITH_SNAPSTART}
    common_environment |= {Secret.PLATFORM.id_variable: PLATFORM_SECRET, Secret.WEBHOOK.id_variable: WEBHOOK_SECRET}
    variables = how | {
        "environment": endpoints | (settings if function == AUTHORIZER else common_environment),
        "works": ["after", "after", "before"] + (["expired"] if function == AUTHORIZER else []),
        "environments": ENVIRONMENTS,
        **(tokens if function == AUTHORIZER else secrets_by_time),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.restored"],
        cwd=ROOT,
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TOKEN_", "POWERTOOLS_"))
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(variables) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        world.snapshot(hang_up=hang_up, seconds_later=seconds_later)
        output, errors = process.communicate("\n", timeout=120)
    assert line == "frozen\n", errors
    assert process.returncode == 0, errors
    environments: list[dict[str, Any]] = json.loads(output.splitlines()[-1])
    assert len(environments) == ENVIRONMENTS
    return environments


def outcome(function: str, response: Any) -> str:
    """Returns `taken` or `refused` for the response of a function."""
    if function == API_HANDLER:
        return {200: "taken", 400: "refused"}[response["statusCode"]]
    if function == AUTHORIZER:
        return "refused" if response == "Unauthorized" else "taken"
    return "taken" if response == {"batchItemFailures": []} else "refused"


@pytest.mark.parametrize(
    ("seconds_later", "hang_up", "monotonic_moves"),
    [(60, False, False), (HOURS, True, False), (HOURS, True, True)],
    ids=[
        "connections lost",
        "connections closed and monotonic stood still",
        "connections closed and monotonic went on",
    ],
)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_restored_function_uses_the_present_secrets_keys_and_time(
    function: str, seconds_later: int, hang_up: bool, monotonic_moves: bool
) -> None:
    """A request signed with a secret that was withdrawn after the snapshot is refused."""
    environments, world = restored_environments(
        function, hang_up=hang_up, seconds_later=seconds_later, monotonic_moves=monotonic_moves
    )
    for each in environments:
        after, again, before, *expired_outcomes = (outcome(function, response) for response in each["answers"])
        assert (after, again) == ("taken", "taken")
        assert before == ("taken" if function == "customer_sync" else "refused")
        assert expired_outcomes == (["refused"] if function == AUTHORIZER else []), "it was valid at the snapshot"
        assert each["stripe"] in ([], None)
        assert each["clock_is_ahead_by"] == pytest.approx(seconds_later, abs=1)
        assert each["datetime_is_ahead_by"] == pytest.approx(seconds_later, abs=1)
        assert each["monotonic_is_ahead_by"] == pytest.approx(seconds_later if monotonic_moves else 0, abs=1)
    for fetched_secret in FETCHED_SECRETS[function]:
        assert world.requested.count(fetched_secret) == ENVIRONMENTS, "each environment fetches once"


@pytest.mark.parametrize("seconds_later", [60, HOURS])
@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != AUTHORIZER])
def test_a_restored_function_signs_with_present_credentials_and_the_present_time(
    function: str, seconds_later: int
) -> None:
    """AWS refuses expired credentials, and requests that were signed more than some minutes ago."""
    _, world = restored_environments(function, hang_up=seconds_later == HOURS, seconds_later=seconds_later)
    assert {key for key, _ in world.signed} == {NEW_ACCESS}
    assert [ahead for _, ahead in world.signed] == [pytest.approx(seconds_later, abs=30)] * len(world.signed)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_restored_function_uses_no_connection_of_the_snapshot(function: str) -> None:
    """Lambda restores on another machine, where the snapshot's connections no longer exist."""
    _, world = restored_environments(function)
    assert world.requested
    assert world.requested_by_connections_of_the_snapshot == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_environments_of_one_snapshot_draw_different_random_numbers(function: str) -> None:
    """With equal random numbers, all retries would wait equally long and collide again."""
    environments, _ = restored_environments(function)
    assert len({each["chance"] for each in environments}) == ENVIRONMENTS
    assert len({each["nonce"] for each in environments}) == ENVIRONMENTS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_first_work_after_a_restore_counts_as_a_cold_start(function: str) -> None:
    environments, _ = restored_environments(function)
    assert [each["cold_starts"] for each in environments] == [1] * ENVIRONMENTS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_snapshot_has_all_libraries_of_the_first_work_and_no_fetched_secret(function: str) -> None:
    environments, world = restored_environments(function, worked_before=False)
    for each in environments:
        assert [name for name in each["loaded_by_work"] if name.startswith(LIBRARIES)] == []
    assert world.requested_before_the_snapshot == []


def test_a_restore_clears_every_cached_object_except_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    builders = {name for name, each in vars(bootstrap).items() if hasattr(each, "cache_clear")}
    forgotten: set[str] = set()
    for name in builders:
        monkeypatch.setattr(bootstrap, name, SimpleNamespace(cache_clear=partial(forgotten.add, name)))
    bootstrap.forget()
    assert builders - forgotten == {"config", "change_reader"}, "these functions hold only settings"


@pytest.mark.parametrize("function", MODULES)
def test_every_function_registers_its_restore_hooks(function: str) -> None:
    assert "chalicelib.restoring" in loaded_by(MODULES[function])

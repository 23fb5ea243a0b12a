"""No output contains a key: no screen, no file and no traceback, even if Stripe's responses quote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import stripe
from click.testing import CliRunner, Result

from infra.sandbox import command
from infra.sandbox.changes.change import Change, ChangedDouble, Wrap
from infra.sandbox.changes.edits import bodies, objects, put, turn
from infra.sandbox.keys import Keys
from infra.sandbox.proving import UNCHANGED
from infra.sandbox.starting import Sandbox
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble
from infra.stripe_double.http.messages import Request, Response, as_json

KEY = "sk_test_51Distinctive0Never0Told"
RESTRICTED = "rk_test_51Distinctive0Never0Told"
DISTINCTIVE = "Distinctive0Never0Told"
ONLY = (
    "--only",
    "billing",
    "--only",
    "a key replays its response",
    "--only",
    "a restricted key can connect and disconnect",
)


def refused_with_the_key(handle: Any) -> Any:
    """Makes the double refuse the key from the tenth request on and quote all of it. Stripe shows only a part."""
    count = 0

    def handled(request: Request) -> Response:
        nonlocal count
        count += 1
        if count < 10:
            return handle(request)
        error = {"message": f"Invalid API Key provided: {KEY}", "type": "invalid_request_error"}
        return as_json(401, {"error": error}, Date="Mon, 21 Sep 2026 14:13:20 GMT")

    return handled


def failing_with_the_key(handle: Any) -> Any:
    """Makes the network fail from the tenth request on, with a message that quotes the headers."""
    count = 0

    def handled(request: Request) -> Response:
        nonlocal count
        count += 1
        if count < 10:
            return handle(request)
        error_class: Any = stripe.APIConnectionError
        raise error_class(f"Could not send {{'Authorization': 'Bearer {KEY}'}}")

    return handled


def broken_from_the_start(handle: Any) -> Any:
    """Raises an unexpected error with a message that quotes the key."""

    def handled(request: Request) -> Response:
        raise RuntimeError(f"Bearer {request.header('authorization')} {KEY}")

    return handled


WRAPS: dict[str, Wrap] = {
    "nothing is quoted": lambda handle: handle,
    "an error quotes the key": refused_with_the_key,
    "the network's error quotes the key": failing_with_the_key,
    "an unexpected error quotes the key": broken_from_the_start,
    "an object quotes the keys": objects("invoice", put("description", f"{KEY} {RESTRICTED}")),
    "a word of Stripe's quotes the key": objects("invoice", turn("status", lambda status: f"{status}_{KEY}")),
    "every answer has the key as a name": bodies(lambda body: {**body, KEY: RESTRICTED}),
}


@pytest.fixture(params=sorted(WRAPS))
def screens_and_files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """All that three runs of the command show and write."""
    change = Change(request.param, "", UNCHANGED.expected, WRAPS[request.param])

    def on_double(seed: int, pays_out: bool) -> Sandbox:
        double = StripeDouble(Config(seed=seed, platform_key_test=KEY), clock=Clock.frozen())
        account = double.create_account()["id"]
        target = DoubleTarget(double, lambda double: InProcessClient(ChangedDouble(double, change)))
        return Sandbox(target, Keys(KEY, double.config.client_id_test, account, RESTRICTED))

    monkeypatch.setattr(command, "on_double", on_double)
    monkeypatch.setattr(command, "BUILD", tmp_path / "build")
    monkeypatch.setattr(command, "RECORDED", tmp_path / "recorded")
    results: list[Result] = [
        CliRunner().invoke(command.cli, ["--double", *arguments])
        for arguments in (ONLY, (*ONLY, "--json"), (*ONLY, "--save", "kept"), ("--dry-run",), ("--clean",))
    ]
    screens = [result.output + result.stderr + repr(result.exception) for result in results]
    files = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert files or request.param in ("an unexpected error quotes the key", "every answer has the key as a name")
    return [*screens, *files, *(str(path) for path in tmp_path.rglob("*"))]


def test_no_key_is_on_a_screen_or_in_a_file(screens_and_files: list[str]) -> None:
    assert len(screens_and_files) > 4
    assert "".join(screens_and_files).strip()
    assert [
        text[max(0, text.find(DISTINCTIVE) - 80) :][:200] for text in screens_and_files if DISTINCTIVE in text
    ] == []


def test_the_text_of_key_objects_hides_the_keys() -> None:
    keys = Keys(KEY, "ca_1", "acct_1", RESTRICTED)
    assert DISTINCTIVE not in f"{keys} {keys!r} {Sandbox(DoubleTarget(StripeDouble()), keys)!r}"

"""The command line: its options, its refusals, its output, and that it never prints a key."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import stripe
from click.testing import CliRunner, Result

from infra.sandbox import command
from infra.sandbox.keys import VARIABLES, Keys
from infra.sandbox.starting import Sandbox, on_double
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import InProcessClient, StripeDouble
from infra.stripe_double.clock import DAY
from infra.stripe_double.config import Config
from infra.stripe_double.recordings.recording import Recording

KEY = "sk_" + "test_" + "Distinctive51Aa"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(command, "BUILD", tmp_path / "build")
    monkeypatch.setattr(command, "RECORDED", tmp_path / "recorded")
    return tmp_path


def sandbox(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(command.cli, arguments, env=environ)


def test_a_story_against_the_double_is_as_assumed(out: Path) -> None:
    result = sandbox("--double", "--only", "billing", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["verdicts"]["as assumed"] == 4
    assert document["verdicts"]["differs, harmful"] == document["verdicts"]["differs, harmless"] == 0
    assert json.loads((out / "build" / "sandbox.json").read_text()) == document
    assert Recording.read(out / "build" / "sandbox-recording.jsonl").source == "double"


def test_a_saved_recording_contains_only_the_requests_of_stories(out: Path) -> None:
    result = sandbox("--double", "--only", "billing", "--save", "us-1")
    assert result.exit_code == 0
    assert "us-1.jsonl" in result.stderr
    assert "make test ARGS=tests/stripe_double/test_recorded.py" in result.stderr
    saved_recording = Recording.read(out / "recorded" / "us-1.jsonl")
    assert {each.step.partition(":")[0] for each in saved_recording.exchanges} == {"billing", "events"}
    assert json.loads((out / "recorded" / "us-1.accepted.json").read_text()) == []


def test_a_dry_run_requests_only_the_account_and_lists_the_steps(out: Path) -> None:
    result = sandbox("--double", "--dry-run", "--only", "billing", "--json")
    assert result.exit_code == 0
    assert [row["name"] for row in json.loads(result.stdout)["plan"]] == ["billing"]
    assert not list(out.iterdir())


def test_the_list_shows_every_story_and_promise(out: Path) -> None:
    rows = json.loads(sandbox("--list", "--json").stdout)["plan"]
    assert {row["part"] for row in rows} == {"shapes", "promises", "product"}
    assert all(row["sentence"] for row in rows)


def test_a_day_later_the_double_has_paid_out_the_payments_of_the_stories(out: Path) -> None:
    document = json.loads(sandbox("--double", "--later", "--json").stdout)
    assert document["verdicts"]["differs, harmful"] == document["verdicts"]["differs, harmless"] == 0
    recording = Recording.read(out / "build" / "sandbox-recording.jsonl")
    lines = [each for each in recording.exchanges if each.step == "payouts later: lines of a payout"]
    assert any(each.body["data"] for each in lines)


def test_a_double_that_pays_out_begins_at_midnight_at_any_hour() -> None:
    """It failed in the last hour of each day, because the double beside it came to midnight first."""
    assert on_double(0, pays_out=True).target.now() % DAY < 60
    assert on_double(0).target.now() == pytest.approx(time.time(), abs=60)


def test_the_option_cleanup_plays_no_story(out: Path) -> None:
    result = sandbox("--double", "--clean", "--json")
    assert result.exit_code == 0
    assert [row["name"] for row in json.loads(result.stdout)["findings"]] == ["test mode", "cleaning"]


def test_a_recording_that_is_saved_without_a_name_gets_one(out: Path) -> None:
    assert sandbox("--double", "--only", "accounts", "--save").exit_code == 0
    assert (out / "recorded" / "account.accepted.json").exists()


@pytest.mark.parametrize(
    ("arguments", "environ", "says"),
    [
        ((), {}, "STRIPE_TEST_KEY"),
        ((), {VARIABLES["key"]: "sk_" + "live_" + "Distinctive51Aa"}, "live key"),
        (("--keys", "none.toml"), {}, "cannot be read"),
        (("--double", "--only", "no such story"), {}, "no such story"),
        (("--double", "--save", "../elsewhere"), {}, "small letters"),
    ],
)
def test_wrong_usage_exits_with_2_and_prints_the_next_step(
    out: Path, arguments: tuple[str, ...], environ: dict[str, str], says: str
) -> None:
    result = sandbox(*arguments, **environ)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "Distinctive" not in result.output


class Quoting(InProcessClient):
    """A Stripe that refuses every request, and quotes the key."""

    def request(self, *_: Any, **__: Any) -> Any:
        body = {"error": {"type": "invalid_request_error", "message": f"Invalid API Key provided: {KEY}"}}
        return json.dumps(body), 401, {"Content-Type": "application/json"}


class Failing(InProcessClient):
    """An HTTP client with a mistake that shows the key."""

    def request(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError(f"Authorization: Bearer {KEY}")


@pytest.mark.parametrize(("client", "status"), [(Quoting, 2), (Failing, 1)])
@pytest.mark.parametrize("account", ["acct_1", ""])
def test_no_output_contains_the_key_even_if_stripe_or_an_error_quotes_it(
    out: Path, monkeypatch: pytest.MonkeyPatch, client: Any, status: int, account: str
) -> None:
    double = StripeDouble(Config(platform_key_test=KEY))

    def elsewhere(keys: Keys, progress: object) -> Sandbox:
        return Sandbox(DoubleTarget(double, client), keys)

    monkeypatch.setattr(command, "on_stripe", elsewhere)
    result = sandbox(**{VARIABLES["key"]: KEY, VARIABLES["account"]: account})
    assert result.exit_code == status
    assert "redacted" in result.stderr
    assert KEY not in result.output
    assert KEY not in "".join(path.read_text() for path in out.rglob("*") if path.is_file())
    assert stripe.enable_telemetry is False


def test_a_run_with_a_real_key_writes_the_key_nowhere(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    double = StripeDouble(Config(platform_key_test=KEY))
    account = double.create_account(business_name="Planted Pools")["id"]
    monkeypatch.setattr(command, "on_stripe", lambda keys, progress: Sandbox(DoubleTarget(double), keys))
    environ = {VARIABLES["key"]: KEY, VARIABLES["account"]: account}
    result = sandbox("--only", "billing", "--only", "accounts", "--save", "own", **environ)
    assert result.exit_code == 0
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) == 4
    for text in (result.output, *(path.read_text() for path in files)):
        assert KEY not in text
        assert "Planted Pools" not in text
    assert not any(account in path.read_text() for path in files)

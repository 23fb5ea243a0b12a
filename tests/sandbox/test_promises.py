"""Promises, tried on an unchanged double, and each on a double that breaks it."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.sandbox.changes.change import Handle, Wrap
from infra.sandbox.changes.edits import requests
from infra.sandbox.client import Budget
from infra.sandbox.findings import Verdict
from infra.sandbox.promises.promise import Outcome, Promise
from infra.sandbox.promises.registry import PROMISES
from infra.sandbox.session import Session
from infra.sandbox.targets import DoubleTarget
from infra.stripe_double import Clock, Config, InProcessClient, StripeDouble
from infra.stripe_double.http.messages import Request
from tests.sandbox.promise_changes import CHANGES
from tests.sandbox.sessions import new_session

ROOT = Path(__file__).parents[2]
BY_NAME = {promise.name: promise for promise in PROMISES}
BY_HAND = [promise for promise in PROMISES if promise.by_hand]
RESTRICTED = "rk_test_of_the_platform"
SEED = 7


class InProcessHandle:
    """Passes the requests of an in-process client to `handle`."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle


def unchanged(handle: Handle) -> Handle:
    return handle


def takes_restricted_keys(double: StripeDouble) -> Wrap:
    """The double has no restricted keys, so one is exchanged for the secret key."""

    def with_secret_key(request: Request) -> Request:
        key_in_header = request.header("authorization").partition(" ")[2]
        if RESTRICTED not in (
            key_in_header,
            base64.b64decode(key_in_header + "===").decode(errors="replace").partition(":")[0],
        ):
            return request
        headers = {**request.headers, "authorization": f"Bearer {double.config.platform_key_test}"}
        return Request(request.method, request.path, request.query, request.body, headers)

    return requests(with_secret_key)


def session_on(wrap: Wrap, *, person: bool = True, seed: int = SEED) -> Session:
    """Returns a run on a double that is changed, with a restricted key, and a person who connects another account."""
    double = StripeDouble(Config(seed=seed, global_rate=25.0), clock=Clock.frozen())
    session = new_session(double, Budget(allowed=10_000))
    changed_double = InProcessHandle(takes_restricted_keys(double)(wrap(double.handle)))
    session.target = DoubleTarget(double, lambda _: InProcessClient(changed_double))  # type: ignore[arg-type]
    if person:
        other_account = double.create_account(business_name="Another Pool Company", connected=False)["id"]
        session.authorize = lambda _: double.authorization_code(other_account)
        session.restricted_key = RESTRICTED
    session.__post_init__()
    return session


def outcome_of(promise: Promise, session: Session) -> Outcome:
    session.target.pass_time(1)
    return promise.attempt(session)


@pytest.mark.parametrize("seed", [SEED, 8, 9])
def test_on_the_double_every_promise_is_as_assumed_or_says_why_it_was_not_tried(seed: int) -> None:
    session = session_on(unchanged, seed=seed)
    outcomes = {promise.name: outcome_of(promise, session) for promise in PROMISES}
    otherwise = {name: each for name, each in outcomes.items() if each.verdict is not Verdict.AS_ASSUMED}
    assert {name: each for name, each in otherwise.items() if each.verdict is not Verdict.NOT_TRIED} == {}
    # Whether two requests meet in the double is chance.
    assert set(otherwise) - {"a key in use conflicts"} == {promise.name for promise in BY_HAND}
    assert all(each.observation.endswith(".") for each in outcomes.values())


@pytest.mark.parametrize("promise", [each for each in PROMISES if each not in BY_HAND], ids=lambda each: each.name)
def test_each_promise_can_be_tried_alone(promise: Promise) -> None:
    verdict = outcome_of(promise, session_on(unchanged)).verdict
    assert verdict is Verdict.AS_ASSUMED or promise.name == "a key in use conflicts"


@pytest.mark.parametrize("name", CHANGES)
def test_each_promise_is_refuted_by_a_double_that_breaks_it(name: str) -> None:
    wrap, verdict = CHANGES[name]
    outcome = outcome_of(BY_NAME[name], session_on(wrap))
    assert outcome.verdict is verdict, outcome.observation


def test_each_promise_that_is_tried_has_a_change_that_refutes_it() -> None:
    assert set(CHANGES) == {promise.name for promise in PROMISES} - {promise.name for promise in BY_HAND}


def test_names_of_promises_are_unique() -> None:
    assert len(BY_NAME) == len(PROMISES)
    assert [promise.name for promise in PROMISES if promise.name != promise.name.strip() or "." in promise.name] == []


def words(text: str) -> str:
    """Returns a text without its line breaks, as a reader sees it."""
    return " ".join(text.replace("\n#", " ").replace("\n>", " ").split())


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.name)
def test_each_promise_quotes_its_source(promise: Promise) -> None:
    text = words((ROOT / promise.source).read_text())
    assert promise.phrase != ""
    assert not promise.source.startswith("infra/sandbox")
    assert words(promise.phrase) in text
    assert promise.sentence.endswith(".")


def promises_named_in(page: str) -> list[str]:
    """Returns what a page emphasizes, in small letters, where it speaks of `make sandbox` or says "by hand"."""
    paragraphs = (words(each) for each in re.split(r"\n\n|\n- |\n\|", page))
    # What is emphasized where `make sandbox-aws` is the subject is a verdict.
    of_it = (each for each in paragraphs if "`make sandbox`" in each or "(by hand: *" in each)
    of_it = (each for each in of_it if "sandbox-aws" not in each)
    return [name for each in of_it for name in re.findall(r"(?<!\*)\*([a-z][^*]+)\*", re.sub(r"`[^`]*`", "", each))]


def test_the_pages_name_existing_promises() -> None:
    promise_names = [name for page in (ROOT / "docs").rglob("*.md") for name in promises_named_in(page.read_text())]
    assert len(promise_names) >= 20
    assert set(promise_names) - set(BY_NAME) - {verdict.value for verdict in Verdict} == set()


def test_promises_that_need_a_person_or_a_restricted_key_are_not_tried_without_them() -> None:
    session = session_on(unchanged, person=False)
    promise_names: Sequence[str] = (
        "a restricted key can connect and disconnect",
        "a code grants an account",
        "a code is used once",
        "a disconnected account is unreachable",
    )
    outcomes = [outcome_of(BY_NAME[name], session) for name in promise_names]
    assert {each.verdict for each in outcomes} == {Verdict.NOT_TRIED}
    assert "STRIPE_TEST_RESTRICTED_KEY" in outcomes[0].observation
    assert all("person" in each.observation for each in outcomes[1:])


def test_the_account_of_the_run_is_never_disconnected() -> None:
    session = session_on(unchanged)
    target = session.target
    assert isinstance(target, DoubleTarget)
    session.authorize = lambda _: target.double.authorization_code(session.account)
    for name in ("a code grants an account", "a code is used once", "a disconnected account is unreachable"):
        outcome_of(BY_NAME[name], session)
    assert session.gateway.find_customers(session.account, "nobody@example.com") == []

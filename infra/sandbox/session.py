"""One run on one account: the product's gateway, the SDK, the recording, and waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import stripe

from chalicelib.adapters.stripe.client import build_client
from chalicelib.adapters.stripe.gateway import StripeGateway
from chalicelib.domain.errors import StripeRefused
from chalicelib.domain.identifiers import StripeAccountId
from infra.sandbox.client import Budget, Recorder, RecordingClient
from infra.sandbox.orders import Orders
from infra.sandbox.targets import Target
from infra.stripe_double.recordings.recording import story_of
from infra.stripe_double.recordings.waiting import has_values

T = TypeVar("T")

MARK = "pom-sandbox"
"""The beginning of the organization ids in the metadata of a run's objects. The cleanup looks for it."""
MARK_KEY = "pom_sandbox"
"""The metadata key of objects that the product gives no metadata; its value is the run."""
RUN = "[0-9a-f]{8}"
"""The pattern of a run's token."""
FIRST_POLL_DELAY, MAX_POLL_DELAY = 3.0, 30.0
"""Seconds before the first poll, and the most seconds between two polls. Each delay is twice the one before, so that
three minutes take nine requests.
"""
UNREACHABLE_CODES = frozenset({"stripe_unreachable", "stripe_busy"})
"""Codes of gateway errors that come from the network or from limits, and not from Stripe's behaviour."""


class NotInTime(Exception):
    """Raised when an expected response did not come in time. The message names the expectation and the time."""


@dataclass(frozen=True)
class RefusedStep:
    """A step that Stripe refused for a reason in the account or the platform."""

    step: str
    reason: str
    """Stripe's message."""


@dataclass
class Session:
    """One run on one connected account. `run` is a random token of the form `RUN`."""

    target: Target
    key: str
    client_id: str
    account: StripeAccountId
    run: str
    budget: Budget
    recorder: Recorder
    pace: Callable[[], None] = lambda: None
    authorize: Callable[[str], str | None] = lambda url: None
    """Asks a person to open this authorize URL. Returns the code that Stripe sends back; None if there is none."""
    progress: Callable[[str], None] = lambda line: None
    """Shows a line of progress while the run waits."""
    restricted_key: str | None = None
    """A restricted test key of the platform, `rk_test_…`."""
    client: stripe.StripeClient = field(init=False)
    gateway: StripeGateway = field(init=False)
    orders: Orders = field(init=False)
    refusals: list[RefusedStep] = field(default_factory=list)
    """The refused steps. They count as not tried."""
    began: int = field(init=False)
    """When the run began (epoch seconds UTC). Lists are requested from this time on."""
    confirms_invoices: bool | None = None
    """False if Stripe refuses to confirm the payment intents of invoices, so that payers pay in another way. None
    until a payer has tried.
    """
    story_events: list[Any] = field(default_factory=list)
    """The events of the stories, newest first. Empty until they are listed."""
    _results: dict[Callable[..., Any], Any] = field(default_factory=dict)
    _errors: dict[Callable[..., Any], Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.now()
        self.client = self.client_with(self.key)
        self.gateway = StripeGateway(self.client, self)
        self.orders = Orders(f"{MARK}-{self.run}", self.account, self.now)

    def client_with(self, key: str) -> stripe.StripeClient:
        """Returns a client with the product's settings and another key. Its requests are counted and recorded,
        too.
        """
        return build_client(
            key,
            self.client_id,
            api_base=self.target.api_base,
            connect_base=self.target.connect_base,
            http_client=self.carrier("" if key == self.key else "another key"),
        )

    def carrier(self, caller: str = "") -> RecordingClient:
        """Returns an HTTP client to the target that counts and records requests as those of `caller`."""
        return RecordingClient(
            self.target.http_client(),
            self.recorder,
            self.budget,
            self.target.now,
            self.pace,
            caller,
            self.target.pass_time,
        )

    @property
    def v1(self) -> Any:
        """Returns the SDK's services, for the actions of payers, banks and owners. Pass `on_account()` as options."""
        return self.client.v1

    def on_account(self, key: str | None = None) -> dict[str, str]:
        """Returns the options of a request on the connected account. `key` is an idempotency key."""
        return {"stripe_account": self.account, **({"idempotency_key": key} if key else {})}

    def list_json(self, service: Any, params: Mapping[str, Any]) -> list[Any]:
        """Returns all entries of a list on the account as Stripe's JSON. Reads pages of 100."""
        entries: list[Any] = []
        query = {**params, "limit": 100}
        while True:
            page = service.list(query, self.on_account())
            entries += json.loads(page.last_response.body)["data"]
            if not page.has_more:
                return entries
            query["starting_after"] = entries[-1]["id"]

    @property
    def marks(self) -> dict[str, str]:
        """Returns the metadata of objects that a story creates without the gateway."""
        return {MARK_KEY: self.run}

    def now(self) -> int:
        """Returns the target's time (epoch seconds UTC). The gateway uses it to date responses."""
        return int(self.target.now())

    def wait(self, seconds: float, reason: str) -> None:
        """Lets time pass on the target, and shows the reason."""
        self.progress(f"    waiting {seconds:.0f} s: {reason}")
        self.target.pass_time(seconds)

    def once(self, work: Callable[[Session], T]) -> T:
        """Calls `work` on first use in this run, and returns its stored result, or raises its stored error, after
        that.
        """
        if work in self._errors:
            raise self._errors[work]
        if work not in self._results:
            try:
                self._results[work] = work(self)
            except Exception as error:
                self._errors[work] = error
                raise
        return cast(T, self._results[work])

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Records the requests of the block under this step, prefixed with the story's name."""
        story = story_of(self.recorder.step)
        with self.recorder.during(f"{story}: {name}" if story else name):
            yield

    @contextmanager
    def where_allowed(self, name: str) -> Iterator[None]:
        """Records a step that not every account or platform may run, such as bank debits.

        If Stripe refuses a request in the block, the step ends, is added to `refusals`, and is not compared.
        """
        since = len(self.recorder.exchanges)
        with self.step(name):
            try:
                yield
            except (stripe.StripeError, StripeRefused) as error:
                reason = error.user_message if isinstance(error, stripe.StripeError) else None
                self.refusals.append(RefusedStep(self.recorder.step, str(reason or error)))
                del self.recorder.exchanges[since:]

    def until(self, request: Callable[[], T], expected: Mapping[str, Any], timeout: float) -> T:
        """Polls until Stripe's response has the expected values, and returns the last response.

        `request` makes one request. `expected` maps dotted paths to values, with `*` for any entry of a list, as in
        `Exchange.until`. Raises NotInTime after `timeout` seconds.
        """
        since, waited_seconds, delay = len(self.recorder.exchanges), 0.0, FIRST_POLL_DELAY
        while True:
            self.wait(delay, f"{self.recorder.step}, until {_description(expected)} (at most {timeout:.0f} s)")
            waited_seconds, delay = waited_seconds + delay, min(MAX_POLL_DELAY, delay * 2)
            response = request()
            if has_values(self.recorder.exchanges[-1].body, expected):
                self.recorder.keep_last_poll(since, expected)
                return response
            if waited_seconds >= timeout:
                self.recorder.keep_last_poll(since, {})
                raise NotInTime(f"{self.recorder.step}: not {_description(expected)} after {timeout:.0f} s")


def _description(expected: Mapping[str, Any]) -> str:
    return " and ".join(f"{path} is {value}" for path, value in expected.items())

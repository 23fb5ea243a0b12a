"""What stories and promises work with: an account, the product's gateway, the SDK, and time that passes."""

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
from infra.sandbox.carrying import Budget, Carrier, Recorder
from infra.sandbox.orders import Orders
from infra.sandbox.sides import Side
from infra.stripe_double.recordings.recording import story_of
from infra.stripe_double.recordings.waiting import has_values

T = TypeVar("T")

MARK = "pom-sandbox"
"""What the organization ids begin with that are in the metadata of all that a run makes; cleaning looks for it."""
MARK_KEY = "pom_sandbox"
"""The metadata of what the product has no metadata for; its value is the run."""
RUN = "[0-9a-f]{8}"
"""The form of a run's token."""
BETWEEN_LOOKS, LONGEST_WAIT = 3.0, 30.0
"""Seconds until the first look at something that is waited for, and at most between two. Each wait is twice as long
as the one before, so that three minutes take nine requests."""


UNREACHED = frozenset({"stripe_unreachable", "stripe_busy"})
"""Codes of the gateway's errors that tell of the network or of limits, not of Stripe's behaviour."""


class NotInTime(Exception):
    """What was waited for did not come. The message says what and how long."""


@dataclass(frozen=True)
class Refusal:
    """Steps that Stripe refused for a reason that lies in the account or the platform."""

    step: str
    reason: str
    """Stripe's message."""


@dataclass
class Laboratory:
    """One run on one connected account. `run` is a random token of the form `RUN`."""

    side: Side
    key: str
    client_id: str
    account: StripeAccountId
    run: str
    budget: Budget
    recorder: Recorder
    pace: Callable[[], None] = lambda: None
    code: Callable[[str], str | None] = lambda url: None
    """Asks a person to open this authorize URL, and returns the code that Stripe sent back; None if nobody did."""
    tell: Callable[[str], None] = lambda line: None
    """Shows a line of progress where time is waited for."""
    restricted_key: str | None = None
    """A restricted test key of the platform, `rk_test_…`."""
    client: stripe.StripeClient = field(init=False)
    gateway: StripeGateway = field(init=False)
    orders: Orders = field(init=False)
    refusals: list[Refusal] = field(default_factory=list)
    """What the account may not do, or Stripe did not let it do: it counts as not tried."""
    began: int = field(init=False)
    """When the run began (epoch seconds UTC): lists are asked for what was created since."""
    confirms_invoices: bool | None = None
    """False if Stripe refuses to confirm the payment intents of invoices, so that payers pay in another way. None
    until one was tried."""
    listed: list[Any] = field(default_factory=list)
    """The events of the stories, newest first, once they are listed."""
    _made: dict[Callable[..., Any], Any] = field(default_factory=dict)
    _failed: dict[Callable[..., Any], Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.now()
        self.client = self.client_with(self.key)
        self.gateway = StripeGateway(self.client, self)
        self.orders = Orders(f"{MARK}-{self.run}", self.account, self.now)

    def client_with(self, key: str) -> stripe.StripeClient:
        """Returns a client with the product's settings and another key; its requests count and are recorded, too."""
        return build_client(
            key,
            self.client_id,
            api_base=self.side.api_base,
            connect_base=self.side.connect_base,
            http_client=self.carrier("" if key == self.key else "another key"),
        )

    def carrier(self, caller: str = "") -> Carrier:
        """Returns an HTTP client to the side, whose requests count and are recorded as those of `caller`."""
        return Carrier(
            self.side.http_client(), self.recorder, self.budget, self.side.now, self.pace, caller, self.side.pass_time
        )

    @property
    def v1(self) -> Any:
        """The SDK's services, for what a payer, a bank or an owner does. Pass `on_account()` as options."""
        return self.client.v1

    def on_account(self, key: str | None = None) -> dict[str, str]:
        """Returns the options of a request on the connected account."""
        return {"stripe_account": self.account, **({"idempotency_key": key} if key else {})}

    def listed_json(self, service: Any, params: Mapping[str, Any]) -> list[Any]:
        """Returns all entries of a list of the account, as Stripe's JSON has them, in pages of 100."""
        found: list[Any] = []
        query = {**params, "limit": 100}
        while True:
            page = service.list(query, self.on_account())
            found += json.loads(page.last_response.body)["data"]
            if not page.has_more:
                return found
            query["starting_after"] = found[-1]["id"]

    @property
    def marks(self) -> dict[str, str]:
        """The metadata of what a story makes without the gateway."""
        return {MARK_KEY: self.run}

    def now(self) -> int:
        """Returns epoch seconds UTC. The gateway dates answers by it, too."""
        return int(self.side.now())

    def wait(self, seconds: float, reason: str) -> None:
        """Lets time pass on the side, and says why."""
        self.tell(f"    waiting {seconds:.0f} s: {reason}")
        self.side.pass_time(seconds)

    def once(self, make: Callable[[Laboratory], T]) -> T:
        """Returns what `make` returned when it was first asked for in this run, or raises what it raised then."""
        if make in self._failed:
            raise self._failed[make]
        if make not in self._made:
            try:
                self._made[make] = make(self)
            except Exception as error:
                self._failed[make] = error
                raise
        return cast(T, self._made[make])

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Names what is asked within; the name of the story stands before it."""
        story = story_of(self.recorder.step)
        with self.recorder.during(f"{story}: {name}" if story else name):
            yield

    @contextmanager
    def where_allowed(self, name: str) -> Iterator[None]:
        """Names a step that needs what not every account or platform has, such as bank debits.

        If Stripe refuses a request within, the step ends, is noted in `refusals`, and is not compared.
        """
        since = len(self.recorder.exchanges)
        with self.step(name):
            try:
                yield
            except (stripe.StripeError, StripeRefused) as error:
                reason = error.user_message if isinstance(error, stripe.StripeError) else None
                self.refusals.append(Refusal(self.recorder.step, str(reason or error)))
                del self.recorder.exchanges[since:]

    def until(self, look: Callable[[], T], expected: Mapping[str, Any], patience: float) -> T:
        """Waits and looks until the answer of Stripe's has the expected values, and returns the last look.

        `look` makes one request. `expected` has values by dotted path, `*` for any entry of a list, as
        `Exchange.until` has. Raises NotInTime after `patience` seconds.
        """
        since, waited, wait = len(self.recorder.exchanges), 0.0, BETWEEN_LOOKS
        while True:
            self.wait(wait, f"{self.recorder.step}, until {_told(expected)} (at most {patience:.0f} s)")
            waited, wait = waited + wait, min(LONGEST_WAIT, wait * 2)
            seen = look()
            if has_values(self.recorder.exchanges[-1].body, expected):
                self.recorder.awaited(since, expected)
                return seen
            if waited >= patience:
                self.recorder.awaited(since, {})
                raise NotInTime(f"{self.recorder.step}: not {_told(expected)} after {patience:.0f} s")


def _told(expected: Mapping[str, Any]) -> str:
    return " and ".join(f"{path} is {value}" for path, value in expected.items())

"""Sends the requests of a recording to a double, and compares the responses."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..double import StripeDouble
from .asking import DoubleResponse, Requester
from .comparing import RESPONSE, Comparison
from .differences import Difference, Kind, without_repetitions
from .identities import Identities, looks_like_id, prefix
from .preparing import double_for, in_one_page, is_list_of_events
from .recording import KEPT_HEADERS, Exchange, Recording
from .sequences import Steps, compare_events, lacks_events
from .timeline import Timeline
from .waiting import has_values, values_at

SOON = 60.0
"""Seconds for which the replay waits until the double has emitted an event that the recording lists already."""


@dataclass(frozen=True)
class PlayedExchange:
    """A recorded exchange, and the double's response to the same request."""

    recorded: Exchange
    played: DoubleResponse | None
    """The double's response; None if the request was not sent to the double."""
    why_not: str = ""


@dataclass(frozen=True)
class Replay:
    """A recording with the double's response to each request."""

    exchanges: tuple[PlayedExchange, ...]
    differences: tuple[Difference, ...]
    """The differences. Equal differences within a step are listed once."""


def replay(recording: Recording, double: StripeDouble | None = None) -> Replay:
    """Sends all requests of a recording to a double, by default a new one, and returns the differences.

    A `double` that is passed must be in the state that `double_for` makes. These requests are not sent: those without
    a response, those that were rate limited, those with another key than the platform's, and those that need an
    object that the double does not have.
    """
    return _Player(recording, double or double_for(recording)).play()


@dataclass
class _Player:
    recording: Recording
    double: StripeDouble
    ids: Identities = field(default_factory=Identities)
    steps: Steps = field(default_factory=Steps)
    _played_exchanges: list[PlayedExchange] = field(default_factory=list)
    _differences: list[Difference] = field(default_factory=list)
    _unanswered_keys: set[str] = field(default_factory=set)
    """Idempotency keys of requests that got no response, and that Stripe may have executed."""

    def __post_init__(self) -> None:
        self.timeline = Timeline(self.double, self.recording.made_at)
        self.requester = Requester(self.double, self.ids, self.timeline)
        self._answered_keys = {each.key for each in self.recording.exchanges if each.key and _is_answered(each)}
        for account in self.recording.accounts:
            self.ids.pair(account.id, account.id)

    def play(self) -> Replay:
        """Returns the whole recording with the double's responses."""
        for exchange in in_one_page(self.recording.exchanges):
            self.timeline.reach(exchange.at)
            why_not = self._why_not(exchange)
            if why_not:
                self._mark_lost(exchange)
                self._played_exchanges.append(PlayedExchange(exchange, None, why_not))
            elif is_list_of_events(exchange):
                self._compare_events(exchange)
            else:
                self.steps.add(exchange)
                self._played_exchanges.append(PlayedExchange(exchange, self._compare(exchange)))
        return Replay(tuple(self._played_exchanges), tuple(without_repetitions(self._differences)))

    # -- what is left out ------------------------------------------------------------------------------------------

    def _why_not(self, exchange: Exchange) -> str:
        """Returns the reason why an exchange is not sent to the double; an empty string if it is sent."""
        if not _is_answered(exchange):
            self._unanswered_keys.update({exchange.key} if exchange.key else ())
            return "Stripe did not respond to it."
        if exchange.caller:
            return f"It was sent with another key: {exchange.caller}."
        needed_ids = {*_ids_of_path(exchange), *(value for _, value in exchange.form)}
        if lost_ids := sorted(needed_ids & self.ids.lost):
            return f"It needs {', '.join(lost_ids)}, which cannot be compared."
        earlier_ids = [each for each in _ids_of_path(exchange) if self.ids.played_id(each) is None]
        if earlier_ids and exchange.status == 200:
            return f"It is about {', '.join(earlier_ids)}, which existed before the recording began."
        return ""

    def _mark_lost(self, exchange: Exchange) -> None:
        """Marks the objects of a failed exchange as lost, because every later request that needs them would differ
        too.

        A request that was rate limited changed nothing. A request that was repeated is compared when it is repeated.
        """
        if exchange.status == 429 or (exchange.key in self._unanswered_keys and exchange.key in self._answered_keys):
            return
        if exchange.status < 300:
            self.ids.mark_lost(exchange.body)
        if exchange.method != "GET":
            self.ids.lost.update(_ids_of_path(exchange))

    # -- what is played --------------------------------------------------------------------------------------------

    def _compare(self, exchange: Exchange) -> DoubleResponse:
        comparison = self._comparison(exchange)
        response = self._wait_for_response(exchange)
        if self._is_not_modelled(exchange, response):
            self._add_difference(exchange, Kind.NOT_PLAYED, played=response.message)
            self._mark_lost(exchange)
        elif not comparison.statuses(exchange.status, response.status, response.message):
            self._mark_lost(exchange)
        elif exchange.until and not self._has_expected_values(exchange, response):
            self._add_missing_values(exchange, response)
            self._mark_lost(exchange)
        else:
            recorded_headers = dict(exchange.headers)
            if exchange.key in self._unanswered_keys:
                recorded_headers.pop("idempotent-replayed", None)
            comparison.headers(recorded_headers, {n: v for n, v in response.headers.items() if n in KEPT_HEADERS})
            comparison.bodies(exchange.body, response.body)
        self._differences += comparison.differences
        return response

    def _wait_for_response(self, exchange: Exchange) -> DoubleResponse:
        """Returns the double's response. If the recorded one was waited for, waits until the double's has the same
        values.
        """
        response = self.requester.send(exchange)
        if (
            exchange.until
            and response.status == exchange.status
            and not self._has_expected_values(exchange, response)
        ):
            for _ in self.timeline.wait():
                response = self.requester.send(exchange)
                if self._has_expected_values(exchange, response):
                    break
        return response

    def _has_expected_values(self, exchange: Exchange, response: DoubleResponse) -> bool:
        expected = (exchange.until or {}).items()
        return has_values(response.body, {path: self._in_double(value) for path, value in expected})

    def _in_double(self, value: object) -> object:
        return self.ids.translate(value) if isinstance(value, str) else value

    def _add_missing_values(self, exchange: Exchange, response: DoubleResponse) -> None:
        for path, value in (exchange.until or {}).items():
            values = list(values_at(response.body, path))
            if self._in_double(value) not in values:
                kind = response.body.get("object", RESPONSE)
                self._add_difference(
                    exchange, Kind.IN_TIME, kind, path, value, values[0] if len(values) == 1 else values
                )

    def _is_not_modelled(self, exchange: Exchange, response: DoubleResponse) -> bool:
        error = response.body.get("error")
        unknown = exchange.path.startswith("/v1/") and self.double.api.router.match(exchange.method, exchange.path)
        return unknown is None or (isinstance(error, dict) and error.get("code") == "double_not_modelled")

    def _compare_events(self, exchange: Exchange) -> None:
        """Compares a list of events with the double's, after some time in which the double may emit missing
        events.
        """
        if exchange.until:
            self._wait_for_response(exchange)
        events, recorded_events = self.requester.events(exchange), exchange.body["data"]
        waits = self.timeline.wait(SOON)
        while lacks_events(recorded_events, events, self.ids) and next(waits, False):
            events = self.requester.events(exchange)
        comparison = self._comparison(exchange)
        bounds = [int(value) for name, value in exchange.form if name.startswith("created[gt")]
        since = max(map(self.timeline.to_double, bounds), default=0)
        compare_events(
            recorded_events, events, since, comparison, self.steps, is_complete=not exchange.body.get("has_more")
        )
        self._differences += comparison.differences
        self._played_exchanges.append(
            PlayedExchange(exchange, DoubleResponse(200, {"object": "list", "data": events}, {}))
        )

    def _comparison(self, exchange: Exchange) -> Comparison:
        return Comparison(exchange.step, self._request(exchange), self.ids, self.timeline, self.recording.made_at)

    def _add_difference(
        self, exchange: Exchange, kind: Kind, object_: str = RESPONSE, path: str = "", recorded: object = None,
        played: object = None,
    ) -> None:  # fmt: skip
        request = self._request(exchange)
        self._differences.append(Difference(kind, exchange.step, request, object_, path, recorded, played))

    def _request(self, exchange: Exchange) -> str:
        route_match = self.double.api.router.match(exchange.method, exchange.path)
        parts = ("{id}" if looks_like_id(part) else part for part in exchange.path.split("/"))
        return f"{exchange.method} {route_match[0].template if route_match else '/'.join(parts)}"


def _ids_of_path(exchange: Exchange) -> list[str]:
    return [part for part in exchange.path.split("/") if looks_like_id(part) and prefix(part) != "acct"]


def _is_answered(exchange: Exchange) -> bool:
    return 0 < exchange.status < 500 and exchange.status != 429

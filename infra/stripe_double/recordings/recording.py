"""A recording: the requests to an account of Stripe's and the responses, in order, as JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TypeVar

JSON = Any
T = TypeVar("T")
KEPT_HEADERS = frozenset(
    {
        "date",
        "idempotent-replayed",
        "stripe-should-retry",
        "stripe-version",
        "stripe-rate-limited-reason",
        "retry-after",
    }
)
"""The headers of responses that matter to a client, and which are recorded."""
REDACTED = "redacted"
"""The placeholder for a text that was removed because it is confidential."""
FORM = 1
"""The version of the file format. It rises when older files can no longer be read."""


@dataclass(frozen=True)
class Exchange:
    """One request and its response."""

    step: str
    """The story and the step that made the request, such as `payments: declined for insufficient funds`."""
    at: float
    """The epoch second of the request."""
    method: str
    path: str
    """The path, such as `/v1/invoices/in_1/finalize`; `/oauth/…` for Connect."""
    status: int
    """The HTTP status, or 0 if no response arrived."""
    body: JSON
    form: tuple[tuple[str, str], ...] = ()
    """The decoded parameters in the order in which they were sent: `("metadata[a]", "b")`."""
    account: str | None = None
    """The value of `Stripe-Account`; None for a request on the platform's own account."""
    key: str | None = None
    """The idempotency key."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The recorded headers of the response, with names in lower case."""
    until: Mapping[str, JSON] | None = None
    """The values for which the request was repeated, by dotted path; `*` stands for any entry of a list. Only the
    last response is recorded.
    """
    caller: str = ""
    """The name of the key, such as `restricted`, if it is not the platform's. Such a request is not sent to the
    double.
    """


@dataclass(frozen=True)
class RecordedAccount:
    """A connected account, with the facts that a double needs to create the same one."""

    id: str
    country: str = "US"
    default_currency: str = "usd"
    api_version: str | None = None
    """The version in which Stripe renders its events; None if no event was recorded."""


@dataclass(frozen=True)
class Recording:
    """All requests to some accounts and their responses, oldest first."""

    made_at: float
    """The epoch second at which the recording began."""
    source: str
    """`stripe` or `double`."""
    accounts: tuple[RecordedAccount, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    def write(self, path: Path) -> None:
        """Writes the recording to a file: a line for the head, and a line for each exchange."""
        head = {"form": FORM, "made_at": self.made_at, "source": self.source, "exchanges": len(self.exchanges)}
        head["accounts"] = [asdict(each) for each in self.accounts]
        lines = [head, *(asdict(each) for each in self.exchanges)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Returns the recording in a file. Raises ValueError if its format is another, or if it was truncated or
        edited.
        """
        head, *lines = path.read_bytes().splitlines() or [b""]
        recording_head, count = _of_line(path, 1, head, cls._of_head)
        exchanges = tuple(_of_line(path, number, line, _exchange) for number, line in enumerate(lines, 2))
        if len(exchanges) != count:
            raise ValueError(f"{path} has {len(exchanges)} exchanges of {count}: it was cut.")
        return recording_head.of(exchanges)

    @classmethod
    def _of_head(cls, head: Any) -> tuple[Self, int]:
        if head["form"] != FORM:
            raise ValueError(f"its form is {head['form']:d}, and this program reads {FORM}")
        accounts = tuple(RecordedAccount(**each) for each in head["accounts"])
        return cls(head["made_at"], head["source"], accounts), head["exchanges"]

    def of(self, exchanges: Iterable[Exchange]) -> Self:
        """Returns a copy of the recording with other exchanges."""
        return replace(self, exchanges=tuple(exchanges))


def story_of(step: str) -> str:
    """Returns the name of the story, which is the part of the step before the colon."""
    return step.partition(":")[0]


def _of_line(path: Path, number: int, line: bytes, make: Callable[[Any], T]) -> T:
    """Returns the result of `make` for a line of a file. Raises ValueError, which names the line, if `make` fails."""
    try:
        return make(json.loads(line))
    except (ValueError, TypeError, KeyError) as error:
        why = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"Line {number} of {path} is not as a recording has it: {why}") from error


def _exchange(line: Mapping[str, Any]) -> Exchange:
    return Exchange(**{**line, "form": tuple((name, value) for name, value in line["form"])})

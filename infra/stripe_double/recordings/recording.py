"""A recording: what an account of Stripe's was asked and what it answered, in order, as JSON Lines."""

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
"""The headers of answers on which something rests, and which are recorded."""
REDACTED = "redacted"
"""What stands where a text was that nobody may read."""
FORM = 1
"""The form of the file. It rises when an older one can no longer be read."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    step: str
    """The story and the step that asked, such as `payments: declined for insufficient funds`."""
    at: float
    """When it was asked (epoch seconds UTC)."""
    method: str
    path: str
    """Such as `/v1/invoices/in_1/finalize`; `/oauth/…` for Connect."""
    status: int
    """The HTTP status, or 0 if no answer came."""
    body: JSON
    form: tuple[tuple[str, str], ...] = ()
    """The parameters as they were sent, decoded, in their order: `("metadata[a]", "b")`."""
    account: str | None = None
    """The account that `Stripe-Account` named; None for the platform's own."""
    key: str | None = None
    """The idempotency key."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer that something rests on, names in lower case."""
    until: Mapping[str, JSON] | None = None
    """What the answer was waited for: values by dotted path, `*` for any entry of a list. Earlier answers to the
    same request are not recorded."""
    caller: str = ""
    """Whose key it was, if not the platform's, such as `restricted`. The double is not asked then."""


@dataclass(frozen=True)
class RecordedAccount:
    """A connected account, as far as the same one can be made in a double."""

    id: str
    country: str = "US"
    default_currency: str = "usd"
    api_version: str | None = None
    """The version in which Stripe renders its events, once an event showed it."""


@dataclass(frozen=True)
class Recording:
    """All that was asked on some accounts, oldest first."""

    made_at: float
    """When it began (epoch seconds UTC)."""
    source: str
    """`stripe` or `double`."""
    accounts: tuple[RecordedAccount, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    def write(self, path: Path) -> None:
        """Writes it: a line for the head, and one for each exchange."""
        head = {"form": FORM, "made_at": self.made_at, "source": self.source, "exchanges": len(self.exchanges)}
        head["accounts"] = [asdict(each) for each in self.accounts]
        lines = [head, *(asdict(each) for each in self.exchanges)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))

    @classmethod
    def recording_head(cls, path: Path) -> Self:
        """Returns the recording of a file. Raises ValueError if its form is another, or if it was cut or edited."""
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
        """Returns the same recording with other exchanges."""
        return replace(self, exchanges=tuple(exchanges))


def story_of(step: str) -> str:
    """Returns the name of the story, which stands before the step's own."""
    return step.partition(":")[0]


def _of_line(path: Path, number: int, line: bytes, make: Callable[[Any], T]) -> T:
    """Returns what `make` makes of a line of a file. Raises ValueError, which names the line, if it cannot."""
    try:
        return make(json.loads(line))
    except (ValueError, TypeError, KeyError) as error:
        why = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"Line {number} of {path} is not as a recording has it: {why}") from error


def _exchange(line: Mapping[str, Any]) -> Exchange:
    return Exchange(**{**line, "form": tuple((name, value) for name, value in line["form"])})

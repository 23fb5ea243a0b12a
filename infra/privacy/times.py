"""The generated table of how long each thing is kept, from `chalicelib.domain.retention`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from chalicelib.domain.retention import RETENTION
from chalicelib.domain.retention_types import DAY, HOUR, Expires, Place, Retention


def rows() -> Iterator[tuple[str, str, str]]:
    """Yields where something is kept, how long, and why: one row for all places with the same entry."""
    places: defaultdict[Retention, list[Place]] = defaultdict(list)
    for place, kept in RETENTION.items():
        places[kept].append(place)
    for kept, where in places.items():
        yield _where(where), _how_long(kept), f"{kept.why} ([source]({kept.source}))" if kept.source else kept.why


def _where(places: Iterable[Place]) -> str:
    """Returns the places, with each store and each name given once."""
    kinds: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for place in places:
        kinds[place.store, place.name].append(place.kind)
    named: defaultdict[str, list[str]] = defaultdict(list)
    for (store, name), those in kinds.items():
        named[store].append(f"`{name}` ({', '.join(those)})" if any(those) else f"`{name}`")
    return "; ".join(f"{store} {', '.join(names)}" for store, names in named.items())


def _how_long(kept: Retention) -> str:
    if not isinstance(kept, Expires):
        return f"until {kept.until}"
    number, unit = (kept.seconds // HOUR, "hour") if kept.seconds < 2 * DAY else (kept.days, "day")
    return f"{number} {unit}{'' if number == 1 else 's'} from {kept.since}"

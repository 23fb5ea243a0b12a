"""The generated table of retention times, from `chalicelib.domain.retention`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from chalicelib.domain.retention import RETENTION
from chalicelib.domain.retention_types import DAY, HOUR, Expires, Place, Retention


def rows() -> Iterator[tuple[str, str, str]]:
    """Yields where something is retained, how long, and why: one row for all places with the same entry."""
    places: defaultdict[Retention, list[Place]] = defaultdict(list)
    for place, retention in RETENTION.items():
        places[retention].append(place)
    for retention, kept_places in places.items():
        yield (
            _where(kept_places),
            _how_long(retention),
            f"{retention.why} ([source]({retention.source}))" if retention.source else retention.why,
        )


def _where(places: Iterable[Place]) -> str:
    """Returns the places, with each store and each name once."""
    kinds: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for place in places:
        kinds[place.store, place.name].append(place.kind)
    by_store: defaultdict[str, list[str]] = defaultdict(list)
    for (store, name), kinds_of_name in kinds.items():
        by_store[store].append(f"`{name}` ({', '.join(kinds_of_name)})" if any(kinds_of_name) else f"`{name}`")
    return "; ".join(f"{store} {', '.join(names)}" for store, names in by_store.items())


def _how_long(retention: Retention) -> str:
    if not isinstance(retention, Expires):
        return f"until {retention.until}"
    number, unit = (retention.seconds // HOUR, "hour") if retention.seconds < 2 * DAY else (retention.days, "day")
    return f"{number} {unit}{'' if number == 1 else 's'} from {retention.since}"

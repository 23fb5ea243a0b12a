"""The generated parts of docs/privacy.md: each stands between two comments that name it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from infra.privacy import times
from infra.privacy.classes import SAYING, Class, Fate, Kind, Whose
from infra.privacy.places import Place, places
from infra.privacy.readers import access
from infra.privacy.rules import class_of

FILE: Final = Path(__file__).parents[2] / "docs" / "privacy.md"
_PART: Final = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def current(text: str) -> str:
    """Returns the page with its generated parts made anew.

    Raises:
        KeyError: the page names a part that is not made.
    """
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", text)


def classified() -> Iterator[tuple[Place, Class]]:
    """Yields every field that has a class, by its name."""
    for _, place in sorted(places().items()):
        if (found := class_of(place)) is not None:
            yield place, found


def _of_persons() -> str:
    """Returns a row for each kind of datum about a person, and for what an erasure does with it."""
    rows: defaultdict[Class, list[Place]] = defaultdict(list)
    for place, each in classified():
        if each.personal or each.whose is Whose.STAFF or each.fate not in {Fate.KEPT, Fate.NOT_HELD}:
            rows[each].append(place)
    return _table(
        ("whose", "what", "where", "fields", "an erasure"),
        (
            (
                each.whose,
                each.kind,
                ", ".join(sorted({store for place in found for store in place.stores})),
                _shortened(place.name for place in found),
                f"{each.fate}: {each.why}" if each.why else each.fate,
            )
            for each, found in sorted(rows.items(), key=lambda row: _rank(row[0]))
        ),
    )


def _rank(each: Class) -> tuple[int, int, int]:
    """Returns the place of a class: by whose a datum is, by what becomes of it, and by its kind."""
    return list(Whose).index(each.whose), list(Fate).index(each.fate), list(Kind).index(each.kind)


def _others() -> str:
    """Returns a row for each reason for which the other fields are kept, with how many there are of each kind."""
    rows: defaultdict[tuple[Whose, str], list[tuple[Kind, str]]] = defaultdict(list)
    for place, each in classified():
        if each.whose is not Whose.STAFF and each.fate is Fate.KEPT:
            rows[each.whose, each.why].append((each.kind, place.name))
    return _table(
        ("about", "fields", "why they stay"),
        ((whose, "<br>".join(_counted(fields)), why) for (whose, why), fields in sorted(rows.items())),
    )


def _counted(fields: Iterable[tuple[Kind, str]]) -> Iterator[str]:
    """Yields each kind with the number of its fields, and all of them, or the shortest if they say nothing."""
    by_kind: defaultdict[Kind, list[str]] = defaultdict(list)
    for kind, name in fields:
        by_kind[kind].append(name)
    for kind, names in sorted(by_kind.items(), key=lambda each: list(Kind).index(each[0])):
        shown = names if kind in SAYING else sorted(names, key=len)[:3]
        yield f"{kind} ({len(names)}): {_shortened(shown)}{'' if len(shown) == len(names) else ' …'}"


def _readers() -> str:
    """Returns a row for each table: what it says of persons, and the functions that may read or write it."""
    told: defaultdict[str, set[str]] = defaultdict(set)
    for place, each in classified():
        if each.personal:
            for store in place.stores:
                told[store].add(each.kind)
    return _table(
        ("table", "says of persons", "read by", "only its keys, by an index", "written by"),
        (
            (f"`{table}`", ", ".join(sorted(told[table])) or "ids only", *map(_names, each))
            for table, each in sorted(access().items())
        ),
    )


def _retention() -> str:
    """Returns a row for each time for which something is kept."""
    return _table(("where", "how long", "why"), times.rows())


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "persons": _of_persons,
    "others": _others,
    "retention": _retention,
    "readers": _readers,
}
"""What makes each part."""


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _shortened(names: Iterable[str]) -> str:
    """Returns the names of fields, with each record named once: `Profile.email`, `phone`."""
    by_record: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        record, _, field = name.partition(".")
        by_record[record].append(field)
    return "; ".join(f"{record}: {_names(fields)}" for record, fields in by_record.items())


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heads)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

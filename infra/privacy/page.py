"""The generated parts of docs/privacy.md. Each part is between two comments with its name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from infra.privacy import times
from infra.privacy.classes import PERSONAL_KINDS, Classification, DataSubject, ErasureEffect, Kind
from infra.privacy.places import Place, places
from infra.privacy.readers import access
from infra.privacy.rules import class_of

FILE: Final = Path(__file__).parents[2] / "docs" / "privacy.md"
_PART: Final = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def with_generated_parts(text: str) -> str:
    """Returns the page with new generated parts.

    Raises:
        KeyError: the page names an unknown part.
    """
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", text)


def classified_fields() -> Iterator[tuple[Place, Classification]]:
    """Yields every classified field, by name."""
    for _, place in sorted(places().items()):
        if (classification := class_of(place)) is not None:
            yield place, classification


def _personal_data() -> str:
    """Returns a table of the data about persons, with the effect of an erasure."""
    rows: defaultdict[Classification, list[Place]] = defaultdict(list)
    for place, each in classified_fields():
        if (
            each.personal
            or each.subject is DataSubject.STAFF
            or each.effect not in {ErasureEffect.KEPT, ErasureEffect.NOT_HELD}
        ):
            rows[each].append(place)
    return _table(
        ("data subject", "kind", "where", "fields", "effect of an erasure"),
        (
            (
                each.subject,
                each.kind,
                ", ".join(sorted({store for place in fields for store in place.stores})),
                _shortened(place.name for place in fields),
                f"{each.effect}: {each.why}" if each.why else each.effect,
            )
            for each, fields in sorted(rows.items(), key=lambda row: _rank(row[0]))
        ),
    )


def _rank(each: Classification) -> tuple[int, int, int]:
    """Returns the sort key of a class: data subject, effect, kind."""
    return list(DataSubject).index(each.subject), list(ErasureEffect).index(each.effect), list(Kind).index(each.kind)


def _other_data() -> str:
    """Returns a table of the other retained fields by reason, with their numbers by kind."""
    rows: defaultdict[tuple[DataSubject, str], list[tuple[Kind, str]]] = defaultdict(list)
    for place, each in classified_fields():
        if each.subject is not DataSubject.STAFF and each.effect is ErasureEffect.KEPT:
            rows[each.subject, each.why].append((each.kind, place.name))
    return _table(
        ("data subject", "fields", "why they are retained"),
        ((subject, "<br>".join(_counts_by_kind(fields)), why) for (subject, why), fields in sorted(rows.items())),
    )


def _counts_by_kind(fields: Iterable[tuple[Kind, str]]) -> Iterator[str]:
    """Yields each kind with its number of fields and their names. Kinds without personal data show three short
    names.
    """
    by_kind: defaultdict[Kind, list[str]] = defaultdict(list)
    for kind, name in fields:
        by_kind[kind].append(name)
    for kind, names in sorted(by_kind.items(), key=lambda each: list(Kind).index(each[0])):
        listed_names = names if kind in PERSONAL_KINDS else sorted(names, key=len)[:3]
        yield f"{kind} ({len(names)}): {_shortened(listed_names)}{'' if len(listed_names) == len(names) else ' …'}"


def _readers() -> str:
    """Returns a table with the personal data of each DynamoDB table, and the functions that read or write it."""
    kinds_by_store: defaultdict[str, set[str]] = defaultdict(set)
    for place, each in classified_fields():
        if each.personal:
            for store in place.stores:
                kinds_by_store[store].add(each.kind)
    return _table(
        ("table", "personal data", "read by", "only its keys, by an index", "written by"),
        (
            (f"`{table}`", ", ".join(sorted(kinds_by_store[table])) or "ids only", *map(_names, each))
            for table, each in sorted(access().items())
        ),
    )


def _retention() -> str:
    """Returns a table of retention times."""
    return _table(("where", "how long", "why"), times.rows())


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "persons": _personal_data,
    "others": _other_data,
    "retention": _retention,
    "readers": _readers,
}
"""The functions that make the parts."""


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _shortened(names: Iterable[str]) -> str:
    """Returns the names of fields, grouped by record: `Profile: email, phone`."""
    by_record: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        record, _, field = name.partition(".")
        by_record[record].append(field)
    return "; ".join(f"{record}: {_names(fields)}" for record, fields in by_record.items())


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heads)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

"""`export`: writes all stored records of an organization, or of one of its customers, into a file.

The file has one JSON document on each line (https://jsonlines.org). The first line says what the file exports and how
long POM retains each record. The last line has the number of records. So the file is written and read line by line,
however large it is, and a truncated file is recognized by its missing last line.
"""

from __future__ import annotations

import getpass
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

import click
import msgspec

from chalicelib.adapters.tables.database import NAMES
from chalicelib.api.models.customer_export import exported_record
from chalicelib.domain.acts import ConnectionAct
from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import CustomerId, OrganizationId
from chalicelib.domain.retention import RETENTION
from chalicelib.usecases.acts.acting import connection_act
from chalicelib.usecases.exporting.export_customer import export_customer
from infra.ops.cli import command
from infra.ops.control import in_words
from infra.ops.organization_items import OrganizationItems, export_line
from infra.ops.screen import Screen, timestamp
from infra.ops.stage import Stage

FORM = 1
"""The version of the file's format. It rises when a reader of the previous format could not read the new one."""

OWNER_ALONE = 0o600

Line = Mapping[str, Any]


@click.command()
@click.argument("organization")
@click.option("--customer", metavar="ID", help="Only the records of this customer, as the API exports them.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file, which must not exist yet.")
@click.option(
    "--by", default=getpass.getuser, show_default="who runs this", callback=in_words, help="Who is responsible."
)
@command
def export(stage: Stage, screen: Screen, organization: str, customer: str | None, out: Path | None, by: str) -> None:
    """Write all stored records of an organization, or of one customer, into a file.

    The file has one JSON document on each line, with the stored documents decoded. Only you can read the file. Its
    contents are not printed. The export is recorded among the organization's acts.
    """
    organization_id = OrganizationId(organization)
    if customer is None:
        lines = _of_organization(stage, organization_id, by)
    else:
        lines = _of_customer(stage, organization_id, CustomerId(customer), by)
    first = next(lines)  # before the file is created, because this raises an error if there is nothing to export
    now = stage.ports.clock.now()
    path = out if out is not None else Path(_file_name(organization, customer, now))
    head = {
        "organization": organization,
        "customer": customer,
        "at": timestamp(now),
        "form": FORM,
        "kept": _retention(),
    }
    counts: Counter[str] = Counter()
    try:
        with _new_file(path) as file:
            _write(file, {"export": head})
            for line in screen.each(chain([first], lines), "Records"):
                _write(file, line)
                counts[line.get("table") or line["storedIn"]] += 1
            _write(file, {"end": {"records": dict(counts)}})
    except FileExistsError:
        screen.failure(f"{path} exists already. Name another file with --out.")
        return
    screen.document["customer"] = customer
    rows = [{"table": table, "records": counts[table]} for table in NAMES.values() if counts[table]]
    screen.table("records", f"Exported of {customer or organization}", rows)
    screen.fact(
        "file",
        str(path),
        f"The records are in {path}, which only you can read. Delete the file when you no longer need it.",
    )


def _of_organization(stage: Stage, organization_id: OrganizationId, by: str) -> Iterator[Line]:
    """Yields a line for each stored item of an organization.

    Raises:
        NotFound: nothing is stored for the organization.
    """
    items = OrganizationItems(stage, organization_id)
    if not any(True for table in NAMES.values() for _ in items.of(table)):
        raise NotFound("organization_unknown", f"Nothing is stored for an organization {organization_id}.")
    stage.ports.acts.add(connection_act(organization_id, ConnectionAct.EXPORTED, stage.ports, operator=by))
    for table in NAMES.values():
        for item in items.of(table):
            yield export_line(table, item)


def _of_customer(stage: Stage, organization_id: OrganizationId, customer_id: CustomerId, by: str) -> Iterator[Line]:
    """Yields a line for each record of a customer.

    Raises:
        NotFound: the organization has no such customer.
    """
    for portion in export_customer(organization_id, customer_id, None, stage.ports, operator=by):
        for record in portion.records:
            line: Line = msgspec.to_builtins(exported_record(record))
            yield line


def _retention() -> list[dict[str, Any]]:
    """Returns how long, and why, POM retains each kind of record, in every store."""
    return [{**place._asdict(), **asdict(period)} for place, period in RETENTION.items()]


def _file_name(organization: str, customer: str | None, now: int) -> str:
    parts = [organization, *([customer] if customer is not None else []), str(timestamp(now)).replace(":", "")]
    return f"export-{'-'.join(quote(each, safe='') for each in parts)}.jsonl"


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """Yields a new file that only its owner may read. The file is removed if writing fails.

    Raises:
        FileExistsError: the file exists already. It is not changed.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ALONE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        path.unlink()
        raise


def _write(file: TextIO, line: Line) -> None:
    file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

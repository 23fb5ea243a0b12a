"""All rows in the order of a trial, by the part of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.deploy.trial import alarm_rows, edge_rows, function_rows, operation_rows, release_rows, storage_rows
from infra.deploy.trial.verdicts import Row

PARTS: Mapping[str, Sequence[Row]] = {
    "operations": operation_rows.ROWS,
    "stored": storage_rows.ROWS,
    "alarms": alarm_rows.ROWS,
    "edge": edge_rows.ROWS,
    "functions": function_rows.ROWS,
    "releases": release_rows.ROWS,
}
REHEARSAL = release_rows.ROWS[-1]

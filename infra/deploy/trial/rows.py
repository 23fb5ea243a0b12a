"""All rows, by the part of the table that they are in, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.deploy.trial import alarm_rows, edge_rows, function_rows, operations, release_rows, stored
from infra.deploy.trial.verdicts import Row

PARTS: Mapping[str, Sequence[Row]] = {
    "operations": operations.ROWS,
    "stored": stored.ROWS,
    "alarms": alarm_rows.ROWS,
    "edge": edge_rows.ROWS,
    "functions": function_rows.ROWS,
    "releases": release_rows.ROWS,
}
REHEARSAL = release_rows.ROWS[-1]

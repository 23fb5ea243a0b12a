"""POM's own records of a sample company: its customers, and its completed services with the invoices that bill them.

POM learns from the bus which invoice bills a service and which customers are erased: `pom_consumer` stores the latest
version of each object.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from infra.local.sample_company.companies import COMPANIES

_HAS_OBJECTS = "SELECT count(*) FROM sqlite_master WHERE name = 'objects'"
_BILLED = """SELECT json_extract(line.value, '$.serviceId'), objects.id
    FROM objects, json_each(objects.object, '$.lineItems') AS line
    WHERE organization = ? AND kind = 'invoice' AND status != 'void'"""
"""A deleted invoice has no object, and so no lines."""
_ERASED = "SELECT id FROM objects WHERE organization = ? AND kind = 'customer' AND object IS NULL"


def customers(organization: str, database: Path) -> list[dict[str, Any]]:
    """Returns the customers of an organization, in the form that `POST /v1/customer-imports` takes.

    Customers that are erased in POM are left out. `database` is the file in which `pom_consumer` stores POM's
    objects.
    """
    company = COMPANIES.get(organization)
    if company is None:
        return []
    erased_ids = {row[0] for row in _query(_ERASED, organization, database)}
    return [{"id": each.id, **each.body} for each in company.customers if each.id not in erased_ids]


def services(organization: str, today: dt.date, database: Path) -> list[dict[str, Any]]:
    """Returns the completed services of an organization, the latest first.

    `database` is the file in which `pom_consumer` stores POM's objects.
    """
    company = COMPANIES.get(organization)
    if company is None:
        return []
    invoice_ids: dict[str, str] = dict(_query(_BILLED, organization, database))
    erased_ids = {row[0] for row in _query(_ERASED, organization, database)}
    present = (each for each in company.completed_services if each.customer.id not in erased_ids)
    latest_first = sorted(present, key=lambda each: (each.days_ago, each.service.id))
    return [each.office_record(today, invoice_ids.get(each.service.id)) for each in latest_first]


def _query(statement: str, organization: str, database_path: Path) -> list[tuple[Any, ...]]:
    """Returns the rows of a query on the database of `pom_consumer` for an organization."""
    if not database_path.exists():
        return []  # POM has received no event since the start of the stack
    with closing(sqlite3.connect(f"{database_path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        [has_objects] = database.execute(_HAS_OBJECTS).fetchone()  # the file exists shortly before its table
        return database.execute(statement, (organization,)).fetchall() if has_objects else []

"""POM's own records of a sample company: its customers, and its completed services with the invoices that bill them.

POM knows from the bus which invoice bills a service: `pom_hears` keeps the latest version of each invoice.
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


def customers(organization: str) -> list[dict[str, Any]]:
    """Returns the customers of an organization, as `POST /v1/customer-imports` takes them."""
    company = COMPANIES.get(organization)
    return [{"id": customer.id, **customer.body} for customer in company.customers] if company else []


def services(organization: str, today: dt.date, heard: Path) -> list[dict[str, Any]]:
    """Returns the completed services of an organization, the latest first. `heard` is the database of `pom_hears`."""
    company = COMPANIES.get(organization)
    if company is None:
        return []
    billed = _billed(organization, heard)
    latest_first = sorted(company.completed, key=lambda each: (each.days_ago, each.service.id))
    return [each.shown(today, billed.get(each.service.id)) for each in latest_first]


def _billed(organization: str, heard: Path) -> dict[str, str]:
    """Returns the invoice of each service that is billed."""
    if not heard.exists():
        return {}  # nothing has been heard since the start of the stack
    with closing(sqlite3.connect(f"{heard.resolve().as_uri()}?mode=ro", uri=True)) as database:
        [has_objects] = database.execute(_HAS_OBJECTS).fetchone()  # the file is there a moment before its table is
        return dict(database.execute(_BILLED, (organization,))) if has_objects else {}

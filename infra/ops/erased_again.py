"""Erasures that a restored copy does not know, as the log lines of the function `erasures` have them.

A line has the ids of the organization and the customer, and what becomes of the Stripe customer. The log groups keep
lines for longer than any copy of the tables is kept, and outlive the stack.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import click

from chalicelib.domain.erasure import InStripe
from chalicelib.domain.identifiers import CustomerId, OrganizationId


class Again(NamedTuple):
    """One customer to be erased again."""

    organization_id: OrganizationId
    customer_id: CustomerId
    in_stripe: InStripe


def erasures_in(lines: Iterable[str]) -> list[Again]:
    """Returns the erasures that log lines tell of, each customer once.

    Raises:
        click.BadParameter: a line is none of these. Nothing of the file is to be done then.
    """
    found: dict[tuple[str, str], Again] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            said: Any = json.loads(line)
        except ValueError:
            said = None
        match said:
            case {"message": "erasure", "organization_id": str(organization), "customer_id": str(customer), **more}:
                in_stripe = InStripe.DELETE if more.get("in_stripe") == InStripe.DELETE else InStripe.KEEP
                found[organization, customer] = Again(OrganizationId(organization), CustomerId(customer), in_stripe)
            case _:
                raise click.BadParameter(f"Line {number} is no line of the function `erasures` about an erasure.")
    return list(found.values())

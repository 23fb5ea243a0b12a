"""Reads erasures that a restored copy does not contain from the log lines of the function `erasures`.

A line has the ids of the organization and of the customer, and whether the Stripe customer is deleted. The log groups
retain lines for longer than copies of the tables are retained, and they outlive the stack.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import click

from chalicelib.domain.erasure import InStripe
from chalicelib.domain.identifiers import CustomerId, OrganizationId


class LoggedErasure(NamedTuple):
    """One customer to be erased again."""

    organization_id: OrganizationId
    customer_id: CustomerId
    in_stripe: InStripe


def logged_erasures(lines: Iterable[str]) -> list[LoggedErasure]:
    """Returns the erasures in the log lines, each customer once.

    Raises:
        click.BadParameter: a line is about something else. Then nothing of the file must be done.
    """
    erasures: dict[tuple[str, str], LoggedErasure] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            log_entry: Any = json.loads(line)
        except ValueError:
            log_entry = None
        match log_entry:
            case {"message": "erasure", "organization_id": str(organization), "customer_id": str(customer), **more}:
                in_stripe = InStripe.DELETE if more.get("in_stripe") == InStripe.DELETE else InStripe.KEEP
                erasures[organization, customer] = LoggedErasure(
                    OrganizationId(organization), CustomerId(customer), in_stripe
                )
            case _:
                raise click.BadParameter(f"Line {number} is not a line of the function `erasures` about an erasure.")
    return list(erasures.values())

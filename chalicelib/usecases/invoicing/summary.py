"""Adds up an organization's invoices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.identifiers import OrganizationId
from chalicelib.domain.summary import CurrencySummary, Period, period_from, summaries_by_currency
from chalicelib.domain.terms import day_of
from chalicelib.ports import Ports
from chalicelib.usecases.invoicing.invoicing_settings import time_zone_in_force


@dataclass(frozen=True, slots=True)
class Summary:
    """The present totals. `period` is the period of the `paid` amounts, and `today` is a day in `time_zone`."""

    today: dt.date
    time_zone: str
    period: Period
    currencies: Sequence[CurrencySummary]


def get_summary(
    organization_id: OrganizationId, first: dt.date | None, last: dt.date | None, ports: Ports
) -> Summary:
    """Returns the summary, with the amounts paid from `first` to `last`. `period_from` fills in a missing day.

    Raises:
        Refused: the period is none, or too long.
    """
    time_zone = time_zone_in_force(organization_id, ports)
    today = day_of(ports.clock.now(), time_zone)
    period = period_from(first, last, today)
    return Summary(today, time_zone, period, summaries_by_currency(ports.summaries.tallies(organization_id, period)))

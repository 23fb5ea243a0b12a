"""What an organization's invoices come to."""

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
    """Everything is as of now; the period is that of `paid`. `today` is a day in `time_zone`."""

    today: dt.date
    time_zone: str
    period: Period
    currencies: Sequence[CurrencySummary]


def get_summary(
    organization_id: OrganizationId, first: dt.date | None, last: dt.date | None, ports: Ports
) -> Summary:
    """The summary, with what was paid from `first` to `last`; see `period_from` for what may be left out.

    Raises:
        Refused: the period is none, or too long.
    """
    time_zone = time_zone_in_force(organization_id, ports)
    today = day_of(ports.clock.now(), time_zone)
    period = period_from(first, last, today)
    return Summary(today, time_zone, period, summaries_by_currency(ports.summaries.tallies(organization_id, period)))

"""Steps about days, which begin and end in a company's time zone."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.errors import StripeUnavailable
from chalicelib.usecases.invoicing.plan_day import plan_day
from tests.api.client import ApiClient
from tests.world import World


class DaySteps:
    """A part of `Play`."""

    world: World
    api: ApiClient
    _stripe_id: str
    _dashboard: Any
    _options: Any

    def settings(self, **body: Any) -> None:
        """The admin saves the invoicing settings."""
        answer = self.api.admin.put("/settings/invoicing", body)
        assert answer.status == 200, answer.text

    def stripe_is_down_at(self, path: str) -> None:
        """Makes Stripe leave requests of this path without a response from now on."""
        self.world.double.order_fault("close_before", path=path, count=10)

    def stripe_is_back(self) -> None:
        self.world.double.clear_faults()

    def until(self, hour: int, zone: str, days: int = 0, minute: int = 30) -> None:
        """Lets time pass until this time of the day in a time zone, this many days from today."""
        now = dt.datetime.fromtimestamp(self.world.ports.clock.now(), ZoneInfo(zone))
        then = dt.datetime.combine(now.date() + dt.timedelta(days=days), dt.time(hour, minute), ZoneInfo(zone))
        assert then >= now, f"it is {now} already"
        self.world.advance(int(then.timestamp() - now.timestamp()))

    def lose_next_response_of(self, path: str) -> None:
        """Stripe performs the next request of this path, and its response is lost."""
        self.world.double.order_fault("close_after", path=path)

    def stripe_keeps_failing_at(self, path: str) -> None:
        """Stripe responds to the next request of this path, and to each repetition of it, with 500."""
        self.world.double.order_fault("error_before", path=path, stored=True)

    def work_that_fails(self) -> None:
        """The workers do the queued work, and Stripe fails."""
        with pytest.raises(StripeUnavailable):
            self.world.work()

    def plan_only(self) -> None:
        """The hourly worker plans, and the other workers are busy."""
        plan_day(self.world.ports)

    def hourly(self) -> None:
        """The hourly worker plans the day's work, and the other workers do it."""
        self.world.plan_day()
        self.world.deliver()

    def _shown_of_days(self) -> dict[str, Any]:
        return {
            "settings": self.api.get("/settings/invoicing").json,
            "overdue": [each["dueDate"] for each in self.api.get("/invoices?overdue=true").json["data"]],
        }

"""The state that the acts share: the people, the clock, the narrator, and the invoices."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.demo import reading
from infra.demo.http import request
from infra.demo.narrator import Narrator
from infra.demo.people import Office, Owner, Surroundings, query_of
from infra.demo.sample import CUSTOMERS
from infra.local.cloudwatch.clock import SkippingClock
from infra.local.stack import LocalStack

GOOD_CARD = "4242 4242 4242 4242"
"""One of Stripe's published test cards (https://docs.stripe.com/testing)."""

CARD = "Visa 4242"
"""The good card as POM displays it."""

DAY = 86_400
LATE = 1_800
"""Seconds before midnight. The first acts skip some minutes, and must not pass midnight."""

PAGES = Path(".local")
"""The directory for pages that are worth opening in a browser."""

ANN, BEN, CARLA, DAN, *THE_REST = CUSTOMERS


@dataclass(frozen=True, slots=True)
class Scene:
    """The local stack with the people who act on it.

    `invoices` has the ids of the first invoices by customer. `pages` is the directory for saved pages.
    """

    stack: LocalStack
    clock: SkippingClock
    owner: Owner
    narrator: Narrator
    admin: Office
    office: Office
    world: Surroundings
    invoices: dict[str, str] = field(default_factory=dict)
    pages: Path = PAGES

    @classmethod
    def of(
        cls, stack: LocalStack, clock: SkippingClock, owner: Owner, narrator: Narrator, pages: Path = PAGES
    ) -> Scene:
        """Returns the scene of a running stack."""
        admin, office = (Office(stack.urls.api, stack.tokens[role]) for role in ("admin", "billing"))
        return cls(stack, clock, owner, narrator, admin, office, Surroundings(stack.urls.stripe), pages=pages)

    def grant_access(self, authorize_url: str) -> str:
        """Grants access in Stripe, follows the browser back, and returns the state that POM's page receives."""
        to_callback = self.owner.decides(authorize_url, "grant").headers["Location"]
        to_settings = request("GET", to_callback).headers["Location"]
        self.narrator.does(f"pressed Connect for {self.owner.account_id}; Stripe sent the browser back")
        self.narrator.expects("The browser is back in POM's settings", query_of(to_settings)["stripe"], "pending")
        return query_of(to_settings)["state"]

    def begins_well_before_midnight(self) -> None:
        """Skips the rest of the day if it is late, in UTC.

        Stripe pays out by days, so the payments of the first acts share a payout only if they are of one day.
        """
        seconds_left = DAY - self.clock.now() % DAY
        if seconds_left < LATE:
            self.clock.skip_to(self.clock.now() + seconds_left + 1)

    def lets_a_minute_pass(self) -> None:
        """Skips a minute, so that later entries have a later timestamp. Entries of one second have no fixed order."""
        self.world.wait_until_delivered()
        self.clock.skip_to(self.clock.now() + 60)

    def lets_days_pass(self, days: int) -> None:
        """Skips days one by one, and waits until the work of each day is finished."""
        for _ in range(days):
            self.world.wait_until_delivered()
            self.clock.skip_to(self.clock.now() + DAY)
            self.world.wait_until_delivered()
            self.stack.wait_until_idle()

    def shows_once(self, invoice: str, latest: str) -> None:
        """Shows the history once its latest entry is `latest`, or as it is after the longest wait."""
        path = f"/invoices/{invoice}/history"
        self.narrator.expects("Its latest entry", self.office.sees(path, reading.latest_sentence, latest), latest)
        self.shows(self.office.get(path)["data"])

    def shows(self, history: list[Any]) -> None:
        """Shows entries of an invoice's history as a table."""
        self.narrator.table("", reading.COLUMNS, [reading.row(entry) for entry in history])

    def saves(self, name: str, page: str) -> Path:
        """Saves a page under this name and returns its path."""
        self.pages.mkdir(parents=True, exist_ok=True)
        file = self.pages / name
        file.write_text(page)
        return file

    def status(self) -> str:
        """Returns the status of the connection."""
        return reading.status(self.admin.get("/stripe/connection"))

    def status_of(self, invoice_id: str, expected: str) -> str:
        """Returns the status of an invoice once it is `expected`, or the present one after the longest wait."""
        return self.office.sees(f"/invoices/{invoice_id}", reading.status, expected)

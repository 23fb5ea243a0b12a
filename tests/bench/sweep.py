"""Measures with ten thousand organizations whether each is compared with Stripe in time, and the cost of the
comparisons.

The real use cases run over memory stores on a virtual clock (`sweep_town` defines the duration of a call).
"""

from __future__ import annotations

from tests.bench.figures import Figure, at_most, no_budget
from tests.bench.sweep_town import DAY, KINDS, READ, SQS, STRIPE, TICK, WORKERS, WRITE, Town, live, share_of_reads

ORGANIZATIONS = 10_000
STRETCH = 90 * 60
LAMBDA_SECONDS = 120
STRIPE_A_SECOND = 100
EVERYBODY_A_DAY = ORGANIZATIONS * DAY / TICK


def measure() -> list[Figure]:
    """Plays an hour and a half, and the time right after an outage. Returns the figures."""
    town = Town(ORGANIZATIONS)
    lived = live(town, STRETCH)
    mix = ", ".join(f"{kind.share:.0%} {kind.name.replace('bills ', '')}" for kind in KINDS)
    said = f"{mix}; Stripe {STRIPE} ms, DynamoDB {READ} and {WRITE}, SQS {SQS}; {WORKERS} workers; virtual clock"
    days = DAY / STRETCH
    figures = [
        at_most(
            f"{ORGANIZATIONS:,} organizations: longest from due to compared",
            max(lived.due_to_done), TICK, "s", said, is_count=True,
        ),
        at_most(
            "Longest plan", max(lived.plans), LAMBDA_SECONDS, "s", "a query a megabyte, ten messages a request",
            is_count=True,
        ),
        at_most(
            "Calls of Stripe in the busiest second, all accounts", max(town.in_second.values()), STRIPE_A_SECOND, "",
            "one run at a time reads an account: at most 4 a second", is_count=True,
        ),
        at_most(
            "Runs a day", lived.runs * days, EVERYBODY_A_DAY, "",
            f"{lived.comparisons * days:,.0f} with objects; in addition to every account every ten minutes",
            ratio=lived.runs * days / EVERYBODY_A_DAY, is_count=True,
        ),
        no_budget("Requests to DynamoDB a day", town.calls["DynamoDB"] * days, "", "plans and runs"),
        no_budget("Requests to SQS a day", town.calls["SQS"] * days, "", "plans, ten messages each"),
    ]  # fmt: skip
    for kind in KINDS:
        month, share = share_of_reads(town, kind, STRETCH)
        figures.append(
            at_most(
                f"Reads a month of an account that {kind.name if kind.invoices else 'is idle'}: share allowed",
                100 * share, 100, "%",
                f"{month:,.0f}, the busiest's; with comparison and tie-out daily, {kind.invoices} invoices a month",
                is_count=True,
            )
        )  # fmt: skip
    return [*figures, _after_an_outage()]


def _after_an_outage() -> Figure:
    town = Town(ORGANIZATIONS, seed=2)
    town.all_due()
    lived = live(town, TICK)
    return at_most(
        f"{ORGANIZATIONS:,} organizations due at once: until all are compared",
        max(lived.plan_to_done), TICK, "s", f"{lived.runs:,} runs, {WORKERS} workers", is_count=True,
    )  # fmt: skip

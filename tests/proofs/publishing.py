"""Proof `publishing`: the published changes are exactly the stored changes, whatever crashes.

Claim: the events on the bus, without repetitions by id, are exactly the changes of the ledger of stored versions:
each with its object, version, type, and the status before and after. The feed has the same changes, and a reader who
follows it from cursor to cursor misses none. A consumer that keeps the highest version of each object ends with the
stored status, and with the billed services of every finished invoice.

Method: the towns of `conservation`, and as many towns that work mostly on drafts, in POM and in Stripe. Their tables
enter each committed version in a ledger. The ledger goes through tables with streams and the worker's real handler,
bus adapter, feed and queue. The worker is killed before or after any call. The bus, the feed, the queue and the
tables do not respond, or their response is lost. The bus refuses single entries, for now or permanently. Batches are
repeated. Records cannot be read by this release, or wait for 13 hours. Then the operator publishes the queued changes
again, without the objects that have changed since. For unreadable records the present versions are published, so only
the claim about a consumer is checked. Small towns are repeated once for each call, with the worker killed at that
call.

Limits: streams, the queue and the feed's table are moto's. `make test-real` has the streams of DynamoDB Local.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.api.models.invoices import invoice_view
from chalicelib.domain.customer import Customer
from chalicelib.domain.identifiers import OrganizationId
from infra.local.aws import embedded_aws
from tests.boundaries import Boundaries
from tests.proofs.actions import ACTIONS, PLAYERS, schedule
from tests.proofs.conservation import come_to_rest
from tests.proofs.failing_worker import Trouble, Worker
from tests.proofs.ledger import Ledger
from tests.proofs.published_oracle import Telling, expected
from tests.proofs.report import Budget, Result
from tests.proofs.simulation import ORGANIZATIONS, Town
from tests.proofs.stage import Action
from tests.proofs.streamed import empty_feed, streamed

LENGTH = 100
PAGES = (1, 2, 7, 100)
DRAFTING = {"create": 4, "draft": 12, "edit_draft": 30, "draft_in_dashboard": 30, "send": 8, "pay": 3}
"""The weights of actions in a town that works on drafts, where they differ from those in other towns."""
BILLED = (
    "lineItems", "deductions", "subtotal", "tax", "total", "totalDifference", "discountAmount", "dueDate", "memo",
)  # fmt: skip
"""The fields of an invoice that show what it bills."""
SMALL = [Action(name, number, calm=True) for name in ("create", "pay", "deliver", "void") for number in range(2)]


@dataclass
class Follower:
    """Reads one organization's feed from cursor to cursor."""

    organization_id: OrganizationId
    worker: Worker
    rng: random.Random
    cursor: str | None = None
    heard: list[tuple[str, Telling]] = field(default_factory=list)

    def read(self) -> bool:
        """Reads one page. Returns True if there is more."""
        feed = self.worker.outside.feed
        page = feed.after(self.organization_id, self.cursor, self.rng.choice(PAGES))
        self.cursor = page.cursor
        for entry in page.entries:
            change, difference = entry.change, entry.change.difference
            telling = Telling(
                change.object_kind, change.organization_id, change.object_id, change.version, entry.type,
                difference.previous_status, difference.status,
            )  # fmt: skip
            self.heard.append((change.id_of(entry.type), telling))
        return page.has_more


def faults_of_publishing(worker: Worker, followers: Sequence[Follower], ledger: Ledger, town: Town) -> Iterator[str]:
    """Yields where the bus, the feed and a consumer differ from the ledger, in words."""
    wanted = {each for each in expected(ledger) if _exactly(each, worker)}
    heard = [(detail["id"], _of_bus(detail)) for detail in worker.outside.bridge.taken]
    heard = [(event_id, each) for event_id, each in heard if _exactly(each, worker)]
    yield from _differences("the bus", heard, wanted)
    _read_all(followers)
    for follower in followers:
        own = {each for each in wanted if each.organization_id == follower.organization_id}
        read = [(event_id, each) for event_id, each in follower.heard if _exactly(each, worker)]
        yield from _differences(f"the feed of {follower.organization_id}", read, own)
    yield from _faults_of_consumer(worker, town)


def _exactly(telling: Telling, worker: Worker) -> bool:
    """Returns True unless the change replaces a version that this release could not read."""
    return (telling.kind, telling.organization_id, telling.object_id, telling.version) not in worker.retold


def _of_bus(detail: Any) -> Telling:
    return Telling(
        detail["objectKind"], detail["organizationId"], detail["objectId"], detail["version"], detail["detailType"],
        detail["previousStatus"], detail["status"],
    )  # fmt: skip


def _differences(where: str, heard: Iterable[tuple[str, Telling]], expected: set[Telling]) -> Iterator[str]:
    by_id: dict[str, set[Telling]] = {}
    for event_id, telling in heard:
        by_id.setdefault(event_id, set()).add(telling)
    ambiguous = [event_id for event_id, published in by_id.items() if len(published) > 1]
    if ambiguous:
        yield f"{where} has one id for several things: {ambiguous}"
    published = [telling for each in by_id.values() for telling in each]
    if len(published) != len(set(published)):
        yield f"{where} repeats changes under other ids: {[each for each, n in Counter(published).items() if n > 1]}"
    if missing := expected - set(published):
        yield f"stored, and not published on {where}: {sorted(missing, key=str)[:3]}"
    if not_stored := set(published) - expected:
        yield f"published on {where}, and not stored: {sorted(not_stored, key=str)[:3]}"


def _faults_of_consumer(worker: Worker, town: Town) -> Iterator[str]:
    """Yields each invoice and payout whose final data differs for a consumer that drops older versions."""
    latest: dict[tuple[str, str, str], Any] = {}
    for detail in worker.outside.bridge.taken:
        key = detail["objectKind"], detail["organizationId"], detail["objectId"]
        if key not in latest or detail["version"] > latest[key]["version"]:
            latest[key] = detail
        if (detail["deleted"] or detail["objectOmitted"]) != (detail["object"] is None):
            yield f"{detail['id']} is of a deleted object: {detail['deleted']}, and shows {detail['object']}"
    for (organization_id, invoice_id), invoice in town.plain.database.invoices.items():
        stored_ids = latest.get(("invoice", organization_id, invoice_id))
        if invoice.status == "creating":
            continue
        view = msgspec.to_builtins(
            invoice_view(invoice, customer_name=None, now=town.plain.clock.now(), dashboard_base="https://stripe")
        )
        consumer_copy = (
            view if stored_ids is not None and stored_ids["objectOmitted"] else stored_ids and stored_ids["object"]
        )
        if stored_ids is None or stored_ids["status"] != invoice.status or consumer_copy["status"] != invoice.status:
            yield f"{invoice_id} is {invoice.status}, and a consumer has {stored_ids and stored_ids['status']}"
            continue
        if other := [field for field in BILLED if consumer_copy[field] != view[field]]:
            yield f"{invoice_id} has {other} otherwise than a consumer"
    for (organization_id, customer_id), customer in town.plain.database.customers.items():
        stored_ids = latest.get(("customer", organization_id, customer_id))
        heard = (stored_ids["status"], _stripe_id(stored_ids, customer)) if stored_ids is not None else None
        if customer.sync_status == "synced" and heard != ("synced", customer.linked_id):
            yield f"{customer_id} is in Stripe as {customer.linked_id}, and a consumer has {heard}"


def _stripe_id(stored_ids: Any, customer: Customer) -> str | None:
    """Returns the customer's Stripe id that a consumer has. The consumer reads the customer if the event has no
    id.
    """
    return customer.linked_id if stored_ids["objectOmitted"] else stored_ids["object"]["stripeCustomerId"]


# One town


@dataclass
class Told:
    """The result of one town."""

    faults: list[str]
    figures: Counter[str]


def town_of(seed: int, deeds: list[Action] | None = None) -> Town:
    """Returns a town after its schedule, when all work has finished."""
    town = Town(seed)
    town.play(schedule(seed, LENGTH) if deeds is None else deeds, PLAYERS)
    come_to_rest(town)
    return town


def drafting(seed: int) -> list[Action]:
    """Returns a random schedule in which drafts are changed most of the time."""
    rng = random.Random(f"drafting {seed}")
    weights = {name: DRAFTING.get(name, weight) for name, (weight, _) in ACTIONS.items()}
    chosen = ["draft"] * 6 + rng.choices(list(weights), list(weights.values()), k=LENGTH - 6)
    return [Action(name, rng.randrange(1_000_000)) for name in chosen]


def run_town(seed: int, rate: float = 0.12) -> Told:
    """Publishes the changes of the town of a seed, under faults, and returns the differences.

    In towns of even seeds, drafts are changed most of the time.
    """
    town = town_of(seed, None if seed % 2 else drafting(seed))
    rng = random.Random(f"telling {seed}")
    with embedded_aws():
        trouble = Trouble(rng, rate)
        worker = Worker(town.plain, streamed(town.ledger), trouble, rng, poison=0.03)
        followers = [Follower(each, worker, rng) for each in ORGANIZATIONS]
        worker.while_waiting = lambda: _read_all(followers)
        worker.tell(lambda: _follow(followers, rng))
        again = worker.heal()
        faults = list(faults_of_publishing(worker, followers, town.ledger, town))
    figures = Counter(
        {
            "stored versions": len(town.ledger.entries),
            "batches": worker.batches,
            "events put": len(worker.outside.bridge.taken),
            "published": len(expected(town.ledger)),
            "drafts changed": sum(each.type == "invoice.edited" for each in expected(town.ledger)),
            "queued and published again": again,
            **trouble.met,
        }
    )
    return Told(faults, figures)


def _follow(followers: Iterable[Follower], rng: random.Random) -> None:
    for follower in followers:
        if rng.random() < 0.2:
            follower.read()


def _read_all(followers: Iterable[Follower]) -> None:
    for follower in followers:
        while follower.read():
            pass


# Killed at every call


def killed_everywhere(seed: int, most: int) -> Told:
    """Publishes the changes of a small town once for each call of the worker, and kills the worker before or after
    that call.
    """
    town = town_of(seed, SMALL)
    faults: list[str] = []
    with embedded_aws():
        streams = streamed(town.ledger)
        calls = len(_told_with(Boundaries(), town, streams, faults, "undisturbed").calls)
        deaths = [(number, after) for number in range(calls) for after in (False, True)]
        for number, after in random.Random(seed).sample(deaths, min(most, len(deaths))):
            boundaries = Boundaries(fatal=number, after=after)
            _told_with(boundaries, town, streams, faults, f"killed {'after' if after else 'before'} call {number}")
    return Told(faults, Counter({"deaths": min(most, len(deaths))}))


def _told_with(boundaries: Boundaries, town: Town, streams: Any, faults: list[str], where: str) -> Boundaries:
    empty_feed()
    rng = random.Random(0)
    worker = Worker(town.plain, streams, boundaries, rng)
    followers = [Follower(each, worker, rng) for each in ORGANIZATIONS]
    worker.tell()
    faults += [f"{where}: {each}" for each in faults_of_publishing(worker, followers, town.ledger, town)]
    return boundaries


def prove(budget: Budget) -> Result:
    """Plays towns until the time or the slice's number is reached, and one small town with a crash at every call."""
    found = Result("published changes are the stored changes", "towns of 100 actions", seed=budget.seed)
    everywhere = killed_everywhere(budget.seed, budget.of(12, 60, 10_000))
    found.failures = [f"{each}\n  {_replay(budget.seed)}" for each in everywhere.faults]
    total = everywhere.figures
    for number in range(budget.of(4, 100, 1_000_000)):
        if budget.left < 0 and found.count:
            break
        seed = budget.seed + number
        result = run_town(seed)
        found.count += 1
        total.update(result.figures)
        found.failures += [f"{each}\n  {_replay(seed)}" for each in result.faults]
    found.figures = dict(total)
    return found


def _replay(seed: int) -> str:
    return f"python -m tests.proofs publishing --slice short --seed {seed}"

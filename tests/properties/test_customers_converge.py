"""After any edits on both sides, in any order, POM and Stripe have the same customer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.customer import Customer, SyncStatus
from chalicelib.domain.customer_fields import Field, as_sent_to_stripe, same_value
from chalicelib.domain.customer_save import Save
from chalicelib.domain.identifiers import CustomerId
from chalicelib.usecases.customers.customers import get_customer, put_customer, sync_again
from tests.world import ORGANIZATION, World

ANN = CustomerId("cust_1")
SINGLE = {"phone": Field.PHONE, "email": Field.EMAIL}
PARTS = {
    "street": "line1",
    "street2": "line2",
    "city": "city",
    "state": "state",
    "zip_code": "postal_code",
    "country": "country",
}
VALUES = ["a", "b", "c d", None]
EMAILS = ["ann@example.test", "ANN@example.test", "new@example.test"]
NAMES = ["Ann Lee", "Ann  Lee", "Maria de la Cruz", "Bob"]

STEPS = st.one_of(
    st.tuples(st.just("pom"), st.sampled_from(["phone", *PARTS]), st.sampled_from(VALUES)),
    st.tuples(st.just("pom"), st.just("email"), st.sampled_from(EMAILS)),
    st.tuples(st.just("pom"), st.just("last_name"), st.sampled_from(["Lee", "de la Cruz", None])),
    st.tuples(st.just("stripe"), st.sampled_from(["phone", *PARTS]), st.sampled_from(VALUES)),
    st.tuples(st.just("stripe"), st.just("email"), st.sampled_from(EMAILS)),
    st.tuples(st.just("stripe"), st.just("name"), st.sampled_from(NAMES)),
    st.tuples(st.sampled_from(["work", "deliver", "lose", "sweep", "wait"]), st.none(), st.none()),
)


class Life:
    """One customer, created by POM or already in Stripe, and the edits of people on both sides."""

    def __init__(self, *, existed: bool) -> None:
        self.world = World(version="2026-10-28.endive")
        self.account = self.world.connect()
        self.options: Any = {"stripe_account": self.account}
        if existed:
            there: Any = {"email": "ann@example.test", "phone": "9", "address": {"city": "Phoenix"}}
            self.world.client.v1.customers.create(there, self.options)
        self.world.customer(phone="1")
        if existed:
            self.world.work()  # linked by its address before that is edited

    @property
    def ours(self) -> Customer:
        return get_customer(ORGANIZATION, ANN, self.world.ports)

    @property
    def theirs(self) -> dict[str, Any]:
        return self.world.in_stripe(self.account, "customer")[0]

    def does(self, step: tuple[str, str | None, str | None]) -> None:
        kind, name, value = step
        if kind == "pom" and name is not None:
            self._edit_in_pom(name, value)
        elif kind == "stripe" and name is not None and self.world.in_stripe(self.account, "customer"):
            self._edit_in_stripe(name, value)
        elif kind == "work":
            self.world.work()
        elif kind == "deliver":
            self.world.deliver()
        elif kind == "lose":
            self.world.double.set_delivery(lose=["*"])
            self.world.deliver()
            self.world.double.set_delivery(lose=[])
        elif kind == "sweep":
            self.world.sweep(objects=False)
        elif kind == "wait":
            self.world.advance(30)

    def _edit_in_pom(self, name: str, value: str | None) -> None:
        profile = self.ours.profile
        if name in PARTS:
            profile = replace(profile, address=replace(profile.address, **{name: value}))
        else:
            profile = replace(profile, **{name: value})  # type: ignore[arg-type]
        put_customer(ORGANIZATION, ANN, Save(profile), self.world.ports)

    def _edit_in_stripe(self, name: str, value: str | None) -> None:
        changes: Any = {name: value or ""}
        if name in PARTS:
            present = self.theirs["address"] or {}
            changes = {"address": {**{k: v or "" for k, v in present.items()}, PARTS[name]: value or ""}}
        self.world.client.v1.customers.update(self.theirs["id"], changes, self.options)

    def finish_work(self) -> None:
        """Finishes all queued work, and syncs once more to find lost changes."""
        self.world.work()
        self.world.deliver()
        sync_again(ORGANIZATION, ANN, self.world.ports)
        self.world.work()
        self.world.deliver()

    def stripe_values(self) -> dict[Field, str | None]:
        theirs = self.theirs
        address = theirs["address"] or {}
        parts = [Field.STREET, Field.STREET2, Field.CITY, Field.STATE, Field.ZIP_CODE, Field.COUNTRY]
        address_values = {part: address.get(name) for part, name in zip(parts, PARTS.values(), strict=True)}
        return {
            **address_values,
            Field.EMAIL: theirs["email"],
            Field.NAME: theirs["name"],
            Field.PHONE: theirs["phone"],
        }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(existed=st.booleans(), steps=st.lists(STEPS, max_size=14))
def test_pom_and_stripe_end_with_the_same_customer(
    existed: bool, steps: list[tuple[str, str | None, str | None]]
) -> None:
    life = Life(existed=existed)
    for step in steps:
        life.does(step)
    life.finish_work()
    assert life.ours.sync_status is SyncStatus.SYNCED
    assert len(life.world.in_stripe(life.account, "customer")) == 1
    theirs = life.stripe_values()
    for field, mine in life.ours.profile.values.items():
        assert same_value(field, as_sent_to_stripe(field, mine), theirs[field]), field
    before = life.ours
    life.world.double.api.log.reset()
    sync_again(ORGANIZATION, ANN, life.world.ports)
    life.world.work()
    assert life.world.stripe_calls() == {"GET /v1/customers/{id}": 1}, "no further value is sent"
    assert (life.ours.profile, life.ours.history) == (before.profile, before.history)

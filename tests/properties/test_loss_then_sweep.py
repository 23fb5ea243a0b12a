"""Several invoices with random actions, on a network that loses, repeats and reorders: one sweep makes POM equal to
Stripe.
"""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import stripe
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import Conflict, IntegrationError
from chalicelib.domain.status import InvoiceStatus
from chalicelib.usecases.invoicing.invoices import refresh_invoice, send_invoice
from chalicelib.usecases.invoicing.void_invoice import void_invoice
from infra.stripe_double.errors import StripeFault
from tests.boundaries import count_calls, stop_counting
from tests.oracle import differences
from tests.properties.stories import DAY, Payer
from tests.world import OFFICE, ORGANIZATION, World

ACTIONS = (
    "visa",
    "declined",
    "expired",
    "debit",
    "debit_fails",
    "part",
    "refund",
    "refund_part",
    "refund_fails",
    "dispute",
    "void_in_stripe",
    "void_in_pom",
    "write_off",
    "check",
    "wait",
    "send",
    "draft",
    "refresh",
    "deliver",
    "sweep",
    "resume",
    "edit_customer",
)

network = st.fixed_dictionaries(
    {
        "lose_rate": st.sampled_from([0.0, 0.3, 1.0]),
        "duplicate": st.sampled_from([0.0, 0.5]),
        "reorder": st.sampled_from([0.0, 1.0]),
        "never_generate_rate": st.sampled_from([0.0, 0.0, 0.4, 1.0]),
        "squeeze": st.booleans(),
    }
)
lives = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2)), min_size=3, max_size=12)


def act(world: World, payers: list[Payer], action: str, which: int) -> None:
    """Performs one action, if it is possible."""
    payer = payers[which % len(payers)]
    payer.invoice = world.now(payer.invoice)
    with suppress(stripe.StripeError, StripeFault, IntegrationError, ValueError, IndexError, KeyError):
        perform(world, payers, payer, action)


def perform(world: World, payers: list[Payer], payer: Payer, action: str) -> None:
    simple: dict[str, Any] = {
        "visa": payer.pays,
        "declined": lambda: payer.pays("pm_card_chargeDeclinedInsufficientFunds"),
        "expired": lambda: payer.pays("pm_card_chargeDeclinedExpiredCard"),
        "debit": lambda: payer.pays("pm_usBankAccount"),
        "debit_fails": lambda: payer.debit_arrives(fail="account_closed"),
        "part": lambda: payer.pays(amount=2500),
        "refund": payer.is_refunded,
        "refund_part": lambda: payer.is_refunded(500),
        "refund_fails": lambda: payer.refund_fails(world.in_stripe(payer.account, "refund")[-1]["id"]),
        "dispute": lambda: payer.disputes("under_review", "lost"),
        "void_in_stripe": payer.owner_voids,
        "void_in_pom": lambda: void_invoice(ORGANIZATION, payer.invoice.id, OFFICE, world.ports),
        "write_off": payer.owner_writes_off,
        "check": payer.owner_takes_a_check,
        "wait": lambda: world.advance(2 * DAY),
        "send": lambda: send_invoice(ORGANIZATION, payer.invoice.id, OFFICE, world.ports),
        "draft": lambda: payers.append(Payer(world, world.invoice(f"svc_{len(payers)}", send=False))),
        "refresh": lambda: refresh_invoice(ORGANIZATION, payer.invoice.id, OFFICE, world.ports),
        "deliver": world.deliver,
        "sweep": world.sweep,
        "resume": world.resume,
        "edit_customer": lambda: world.customer(phone=f"555-01{world.ports.clock.now() % 100:02}"),
    }
    simple[action]()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
@given(policy=network, life=lives, seed=st.integers(0, 2**16))
def test_one_sweep_makes_pom_equal_to_stripe_after_any_loss(
    policy: dict[str, Any], life: list[tuple[str, int]], seed: int
) -> None:
    world = World(seed)
    account = world.connect()
    world.customer()
    world.work()
    world.double.world.rng = random.Random(seed)
    world.double.set_delivery(**policy)
    payers = [Payer(world, world.invoice("svc_a")), Payer(world, world.invoice("svc_b"))]
    for action, which in life:
        act(world, payers, action, which)
    world.sweep()

    invoices = list(world.ports.database.invoices.values())
    assert differences(world.double.ledger(account), invoices) == []
    assert not [invoice for invoice in invoices if invoice.status is InvoiceStatus.CREATING]
    assert len({mail["invoice"] for mail in world.double.mails()}) == len(world.double.mails())
    live = {(line.service_id) for invoice in invoices if invoice.live for line in invoice.order.line_items}
    for service in live:
        with suppress(Conflict):
            world.invoice(service)
            raise AssertionError(f"{service} was billed twice")

    boundaries = count_calls(world)
    result = world.sweep()
    stop_counting(world)
    assert (result.recovered, result.corrected, result.parked) == (0, 0, 0)
    assert boundaries.writes == ["connections.save"]

    # Webhooks that arrive after the sweep change nothing visible.
    before = {invoice.id: invoice for invoice in world.ports.database.invoices.values()}
    world.double.set_delivery(lose_rate=0.0, paused=False)
    world.deliver()
    for invoice in world.ports.database.invoices.values():
        assert invoice.status is before[invoice.id].status
    assert differences(world.double.ledger(account), world.ports.database.invoices.values()) == []

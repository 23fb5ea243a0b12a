"""The story: one pool company goes through the guide from installing Stripe to the money in the bank."""

from __future__ import annotations

from collections.abc import Callable

from infra.demo.acts import (
    asking,
    billing_many,
    depositing,
    hearing,
    invoicing,
    refunding,
    reminding,
    reviewing,
    setting_up,
    troubleshooting,
)
from infra.demo.acts.scene import Scene

ACTS: tuple[Callable[[Scene], None], ...] = (
    setting_up.install,
    setting_up.configure,
    setting_up.save_customers,
    invoicing.create,
    invoicing.pay,
    refunding.refund,
    troubleshooting.lose_webhooks,
    troubleshooting.lose_the_connection,
    reminding.wait_for_a_reminder,
    billing_many.bill_many,
    billing_many.look_at_all,
    reviewing.review_and_send,
    reviewing.correct,
    asking.ask_again,
    asking.save_at_once,
    depositing.explain_a_deposit,
    depositing.wait_for_money,
    depositing.have_a_deposit_fail,
    hearing.listen,
)


def tell(scene: Scene) -> bool:
    """Plays the story from beginning to end. Returns True if everything was as the guide says."""
    scene.begins_well_before_midnight()
    for act in ACTS:
        act(scene)
    return scene.teller.ends()

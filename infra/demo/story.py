"""The story: one pool company follows the guide from installing Stripe to the money in the bank."""

from __future__ import annotations

from collections.abc import Callable

from infra.demo.acts import (
    billing_many,
    comparing_feeds,
    depositing,
    etags,
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
    etags.reload_a_list,
    etags.save_the_same_customer,
    depositing.explain_a_deposit,
    depositing.wait_for_money,
    depositing.have_a_deposit_fail,
    comparing_feeds.compare_bus_and_feed,
)


def play(scene: Scene) -> bool:
    """Plays the story from beginning to end. Returns True if every check passed."""
    scene.begins_well_before_midnight()
    for act in ACTS:
        act(scene)
    return scene.narrator.ends()

"""The story: one pool company goes through the guide from installing Stripe to losing and regaining it."""

from __future__ import annotations

from collections.abc import Callable

from infra.demo.acts import billing_many, invoicing, refunding, reminding, setting_up, troubleshooting
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
    reminding.remind,
    billing_many.bill_many,
    billing_many.look_at_all,
)


def tell(scene: Scene) -> bool:
    """Plays the story from beginning to end. Returns True if everything was as the guide says."""
    for act in ACTS:
        act(scene)
    return scene.teller.ends()

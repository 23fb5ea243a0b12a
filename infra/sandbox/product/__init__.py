"""The product itself: the local stack, with an account of Stripe's or of a double's instead of the stack's double.

The stack reaches Stripe through a proxy on this machine, which alone has the key. Stripe cannot reach this machine,
so a listener lists the account's events and posts them to the stack's door for webhooks. The demo's story is played,
and then POM's records are held beside Stripe's.
"""

from infra.sandbox.product.checking import check

__all__ = ["check"]

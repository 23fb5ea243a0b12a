"""Runs the product itself: the local stack, with an account of Stripe or of a double.

The stack reaches Stripe through a proxy on this machine. Only the proxy has the key. Stripe cannot reach this
machine, so a listener lists the account's events and posts them to the stack's webhook endpoint. The steps of the
demo are run, and then POM's records are compared with Stripe's.
"""

from infra.sandbox.product.checking import check

__all__ = ["check"]

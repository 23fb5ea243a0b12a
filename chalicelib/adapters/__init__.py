"""Adapters to AWS, Stripe and the clock. They import the domain, and only `bootstrap` names them."""

"""Stripe's API under /v1: what happens to a request before and after the handler of its route."""

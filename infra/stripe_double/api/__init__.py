"""Serves Stripe's API under /v1: authentication, parameters, idempotency keys, rate limits, faults."""

"""Stripe: signed webhooks in, calls out. Only `client` and `gateway` import the `stripe` package."""

"""Recordings of Stripe's requests and responses, and their comparison with the double's responses."""
